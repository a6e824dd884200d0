// Builds session-keeper.vsix: npm run package.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { buildExtension, packageExtension } from './package.ts';
import { root } from './places.ts';
import { printLog, withProgress } from './progress.ts';

const file = join(root, 'session-keeper.vsix');
await withProgress(printLog, 'Packaging the extension', async () => {
  await buildExtension();
  await packageExtension(root, file);
});
printLog(`session-keeper.vsix: ${String((await stat(file)).size)} bytes`);
