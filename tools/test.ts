// Runs all tests: npm test. Those inside VS Code mostly wait, so others run at the same time. Those in the browser start
// several windows and need both cores.
import { buildOnce } from './package.ts';
import { printLog, withProgress } from './progress.ts';
import { runTogether } from './runTogether.ts';

/** The commands of each step, which run at the same time. */
const STEPS: readonly (readonly string[])[] = [
  ['npm run lint && npm run test:processes && npm run test:fuzz', 'npm run test:unit', 'npm run test:vscode'],
  ['npm run test:ui'],
];

await withProgress(printLog, 'Building the extension and the tests', buildOnce);
for (const commands of STEPS) {
  process.exitCode = await runTogether(commands);
  if (process.exitCode !== 0) {
    break;
  }
}
