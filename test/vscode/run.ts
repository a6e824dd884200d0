// Runs mocha inside the extension host, and reports to the runner outside.
import { format } from 'node:util';
import { mochaHooks, takeRejections } from '../support/rejections.ts';
import { control } from './outside.ts';

/** Runs a suite and reports each line, and the number of failures at the end; an empty run counts as one. */
export async function runSuite(load: () => void): Promise<void> {
  // Older versions of Node return a module in a different form if it's required.
  const { default: Mocha } = await import('mocha');
  let reporting = Promise.resolve();
  const report = (line: string): void => {
    reporting = reporting.then(() => control({ line })).then(() => {});
  };
  // The reporters print with this function, whose output VS Code would send to its own console.
  Mocha.reporters.Base.consoleLog = (...values: unknown[]) => {
    report(format(...values));
  };
  const only = process.env['SESSION_KEEPER_TEST_ONLY'] ?? '';
  const mocha = new Mocha({
    ...(only === '' ? {} : { fgrep: only }),
    ui: 'bdd',
    timeout: 30_000,
    color: false,
    reporter: 'spec',
    forbidOnly: true,
    rootHooks: mochaHooks,
  });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  load();
  const failures = await new Promise<number>((resolve) => {
    const runner = mocha.run((count) => resolve(runner.stats?.tests === 0 ? 1 : count));
  });
  const late = await takeRejections();
  late.forEach(report);
  await reporting;
  await control({ failures: failures + late.length });
}
