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
  const parsed = parse(uri);
  if (parsed?.path !== CALLBACK_PATH) {
    return undefined;
  }
  return isDecoded ? reencodeQuery(parsed.query) : parsed.query;
}

/** A URI; undefined for text that isn't one. Anybody can have the operating system open any text with the editor. */
function parse(uri: string): URI | undefined {
  try {
    return URI.parse(uri);
  } catch {
    return undefined;
  }
}

/** A decoded query, encoded again as far as that is possible: a "%" stands for itself. A "+" may have been one or a space. */
function reencodeQuery(query: string): string {
  return query.replaceAll('%', '%25');
}
