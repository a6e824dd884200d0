// Simulates weeks of the product's sessions by seed, in windows that open and close, with random faults.
//   node test/soak/main.ts                         1,000 session-days
//   node test/soak/main.ts --days 10000 --seed 7   more days, with other seeds
//   node test/soak/main.ts --mutation lock         without a protection, to check that the soak notices
import { parseArgs } from 'node:util';
import { MUTATIONS } from './mutations.ts';
import { Figures } from './figures.ts';
import { STORE_MODELS } from '../support/simulation/sharedSecrets.ts';
import { Simulation, type Outcome, type SimulationOptions } from './simulation.ts';

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    simulations: { type: 'string', default: 'Infinity' },
    windows: { type: 'string' },
    store: { type: 'string' },
    mutation: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
    lines: { type: 'string', default: '60' },
  },
});
const mutation = oneOf('mutation', MUTATIONS, values.mutation);
const store = oneOf('store', STORE_MODELS, values.store);
const windows = values.windows === undefined ? undefined : number('windows');
const [days, firstSeed, count, lines] = [number('days'), number('seed'), number('simulations'), number('lines')];

const startedAt = performance.now();
const figures = new Figures();
const violations: Outcome[] = [];
for (let seed = firstSeed, reported = 0; seed < firstSeed + count && figures.sessionDays < days; seed += 1) {
  const outcome = await new Simulation(
    { seed, windows, store, mutation, kept: lines } satisfies SimulationOptions,
    figures,
  ).run();
  if (outcome.violation !== undefined) {
    violations.push(outcome);
    report(outcome);
    if (!values['keep-going']) {
      break;
    }
  }
  if (figures.sessionDays >= reported + days / 20) {
    reported = figures.sessionDays;
    console.log(`${Math.round(reported)} session-days, ${figures.simulations} simulations, ${seconds()} s`);
  }
}
console.log(
  [
    `seed                 ${firstSeed}`,
    ...figures.lines(),
    `wall time            ${seconds()} s (${(process.cpuUsage().user / 1e6).toFixed(1)} s of one core)`,
  ].join('\n'),
);
if (violations.length > 0) {
  const rules = Map.groupBy(violations, ({ violation }) => violation?.rule ?? '');
  console.log(
    `\nFAILED in ${violations.length} of ${figures.simulations} simulations: ${[...rules].map(([rule, { length }]) => `${rule} ${length}`).join(', ')}`,
  );
  process.exitCode = 1;
}

function report({ seed, store: model, violation, last }: Outcome): void {
  const more = [
    ...(windows === undefined ? [] : [`--windows ${windows}`]),
    ...(mutation === undefined ? [] : [`--mutation ${mutation}`]),
    ...(store === undefined ? [] : [`--store ${store}`]),
  ];
  console.log(`\nFAILED (${violation?.rule ?? ''}; ${model}): ${violation?.text ?? ''}`);
  console.log(last.map((line) => `  ${line}`).join('\n'));
  console.log(`to reproduce: npm run soak -- ${[`--seed ${seed} --simulations 1`, ...more].join(' ')}\n`);
}

function seconds(): string {
  return ((performance.now() - startedAt) / 1000).toFixed(1);
}

function number(name: 'days' | 'seed' | 'simulations' | 'windows' | 'lines'): number {
  const value = Number(values[name]);
  if (!(value > 0)) {
    throw new Error(`--${name} requires a positive number.`);
  }
  return value;
}

function oneOf<T extends string>(name: string, choices: readonly T[], value: string | undefined): T | undefined {
  const choice = choices.find((one) => one === value);
  if (value !== undefined && choice === undefined) {
    throw new Error(`--${name} must be one of ${choices.join(', ')}.`);
  }
  return choice;
}
