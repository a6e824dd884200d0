// The URI with which the editor hands a callback to this extension (RFC 8252 section 7.1), read outside of the editor.
import { URI } from 'vscode-uri';
import { CALLBACK_PATH } from '../core/redirectUri.ts';

/**
 * The query of a callback, encoded as in a URL; undefined for another URI of this extension.
 * @param uri the text that `vscode.Uri.toString()` gives. Only that one has every component encoded, a "+" and a "&" of
 *   the query included, so that parsing it gives the components that the editor has.
 * @param isDecoded whether the editor has decoded the components, as it does on the desktop. A browser hands them on as
 *   they are in the URL.
 */
export function callbackQuery(uri: string, isDecoded: boolean): string | undefined {
  const { path, query } = URI.parse(uri);
  if (path !== CALLBACK_PATH) {
    return undefined;
  }
  return isDecoded ? reencodeQuery(query) : query;
}

/** A decoded query, encoded again as far as that is possible: a "%" stands for itself. A "+" may have been one or a space. */
function reencodeQuery(query: string): string {
  return query.replaceAll('%', '%25');
}
