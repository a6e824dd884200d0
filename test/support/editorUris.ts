// How VS Code hands a URI that a browser has followed to the extension, with the URI class that VS Code itself uses.
import { URI } from 'vscode-uri';
import type { UriCallbackRouter } from '../../src/flows/uriCallbackRouter.ts';

/** What VS Code hands over: the text of its URI, and whether it has decoded it. */
export type EditorUri = Parameters<UriCallbackRouter['handleCallback']>;

/** A link as the desktop hands it over: it parses the whole link, which decodes it. */
export function onDesktop(link: string): EditorUri {
  return [URI.parse(link).toString(), true];
}

/** A link as a page in a browser hands it over: the query is what the browser has in its address. */
export function inBrowser(link: string): EditorUri {
  const { scheme, authority, path } = URI.parse(link);
  return [URI.from({ scheme, authority, path, query: new URL(link).search.slice(1) }).toString(), false];
}
