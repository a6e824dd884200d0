import { join } from 'node:path';

/** The project's root folder, as an absolute path. */
export const root = join(import.meta.dirname, '..');

/** The ID of the extension. */
export const extensionId = 'session-keeper.session-keeper';

/** The folder, ignored by git, for everything that is downloaded or written when the extension is tried out. */
export const fetchedFolder = join(root, '.vscode-test');
