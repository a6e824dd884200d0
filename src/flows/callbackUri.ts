// Parses the URI with which the editor passes a callback to this extension (RFC 8252 section 7.1), without VS Code's API.
import { URI } from 'vscode-uri';
import { CALLBACK_PATH } from '../core/redirectUri.ts';

/**
 * The query of a callback, encoded as in a URL; undefined for any other URI of this extension.
 * @param uri the result of `vscode.Uri.toString()`. Only that encodes every component, including "+" and "&" in the query,
 *   so that parsing it returns the editor's components.
 * @param isDecoded whether the editor has decoded the components, as it does on the desktop. A browser passes them on
 *   unchanged.
 */
export function callbackQuery(uri: string, isDecoded: boolean): string | undefined {
  const parsed = parse(uri);
  if (parsed?.path !== CALLBACK_PATH) {
    return undefined;
  }
  return isDecoded ? reencodeQuery(parsed.query) : parsed.query;
}

/** A URI; undefined for text that isn't one. Any program can have the operating system open any text with the editor. */
function parse(uri: string): URI | undefined {
  try {
    return URI.parse(uri);
  } catch {
    return undefined;
  }
}

/** Encodes a decoded query again, as far as possible: "%" is taken literally. A "+" may have been one or a space. */
function reencodeQuery(query: string): string {
  return query.replaceAll('%', '%25');
}
