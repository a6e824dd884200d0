// Builds session-keeper.vsix and session-keeper-client.tgz: npm run package.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { packClient } from './clientPackage.ts';
import { buildExtension, packageExtension } from './package.ts';
import { root } from './places.ts';
import { printLog, withProgress } from './progress.ts';

const [extension, client] = ['session-keeper.vsix', 'session-keeper-client.tgz'] as const;
await withProgress(printLog, 'Packaging the extension', async () => {
  await buildExtension();
  await packageExtension(root, join(root, extension));
});
await withProgress(printLog, 'Packaging the client library', () => packClient(join(root, client)));
for (const file of [extension, client]) {
  printLog(`${file}: ${String((await stat(join(root, file))).size)} bytes`);
}
