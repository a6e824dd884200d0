// Mocha loads this with --require, and runs the global fixture before it starts its workers.
import { buildOnce } from '../../tools/package.ts';

/** Global fixture of mocha: builds what several test files use. */
export async function mochaGlobalSetup(): Promise<void> {
  await buildOnce();
}
