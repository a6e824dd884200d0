// A simulation of weeks, seeded: the product's own sessions in windows that come and go, and whatever can go wrong.
//   node test/soak/main.ts                         1,000 session-days
//   node test/soak/main.ts --days 10000 --seed 7   more of them, others
//   node test/soak/main.ts --break lock            with a protection taken away: what does the soak notice?
import { parseArgs } from 'node:util';
import { BREAKS } from './breaks.ts';
import { Figures } from './figures.ts';
import { STORE_MODELS } from '../support/simulation/sharedSecrets.ts';
import { World, type Outcome, type WorldOptions } from './world.ts';

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    worlds: { type: 'string', default: 'Infinity' },
    windows: { type: 'string' },
    store: { type: 'string' },
    break: { type: 'string' },
    'keep-going': { type: 'boolean', default: false },
    lines: { type: 'string', default: '60' },
  },
});
const broken = oneOf('break', BREAKS, values.break);
const store = oneOf('store', STORE_MODELS, values.store);
const windows = values.windows === undefined ? undefined : number('windows');
const [days, firstSeed, worlds, lines] = [number('days'), number('seed'), number('worlds'), number('lines')];

const startedAt = performance.now();
const figures = new Figures();
const breaches: Outcome[] = [];
for (let seed = firstSeed, told = 0; seed < firstSeed + worlds && figures.sessionDays < days; seed += 1) {
  const outcome = await new World({ seed, windows, store, broken, kept: lines } satisfies WorldOptions, figures).run();
  if (outcome.breach !== undefined) {
    breaches.push(outcome);
    tell(outcome);
    if (!values['keep-going']) {
      break;
    }
  }
  if (figures.sessionDays >= told + days / 20) {
    told = figures.sessionDays;
    console.log(`${Math.round(told)} session-days, ${figures.worlds} worlds, ${seconds()} s`);
  }
}
console.log(
  [
    `seed                 ${firstSeed}`,
    ...figures.lines(),
    `wall time            ${seconds()} s (${(process.cpuUsage().user / 1e6).toFixed(1)} s of one core)`,
  ].join('\n'),
);
if (breaches.length > 0) {
  const rules = Map.groupBy(breaches, ({ breach }) => breach?.rule ?? '');
  console.log(
    `\nBROKEN in ${breaches.length} of ${figures.worlds} worlds: ${[...rules].map(([rule, { length }]) => `${rule} ${length}`).join(', ')}`,
  );
  process.exitCode = 1;
}

function tell({ seed, store: model, breach, last }: Outcome): void {
  const more = [
    ...(windows === undefined ? [] : [`--windows ${windows}`]),
    ...(broken === undefined ? [] : [`--break ${broken}`]),
    ...(store === undefined ? [] : [`--store ${store}`]),
  ];
  console.log(`\nBROKEN (${breach?.rule ?? ''}; ${model}): ${breach?.text ?? ''}`);
  console.log(last.map((line) => `  ${line}`).join('\n'));
  console.log(`again: npm run soak -- ${[`--seed ${seed} --worlds 1`, ...more].join(' ')}\n`);
}

function seconds(): string {
  return ((performance.now() - startedAt) / 1000).toFixed(1);
}

function number(name: 'days' | 'seed' | 'worlds' | 'windows' | 'lines'): number {
  const value = Number(values[name]);
  if (!(value > 0)) {
    throw new Error(`--${name} takes a number above 0.`);
  }
  return value;
}

function oneOf<T extends string>(name: string, choices: readonly T[], value: string | undefined): T | undefined {
  const choice = choices.find((one) => one === value);
  if (value !== undefined && choice === undefined) {
    throw new Error(`--${name} is one of ${choices.join(', ')}.`);
  }
  return choice;
}
