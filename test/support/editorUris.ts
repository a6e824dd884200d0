// How VS Code passes a URI that a browser has opened to the extension, with VS Code's own URI class.
import { URI } from 'vscode-uri';
import type { UriCallbackRouter } from '../../src/flows/uriCallbackRouter.ts';

/** What VS Code passes on: the text of its URI, and whether it has decoded it. */
export type EditorUri = Parameters<UriCallbackRouter['handleCallback']>;

/** A link as passed on by the desktop, which parses the whole link and thereby decodes it. */
export function onDesktop(link: string): EditorUri {
  return [URI.parse(link).toString(), true];
}

/** A link as passed on by a page in a browser: the query is the one in the browser's URL. */
export function inBrowser(link: string): EditorUri {
  const { scheme, authority, path } = URI.parse(link);
  return [URI.from({ scheme, authority, path, query: new URL(link).search.slice(1) }).toString(), false];
}
