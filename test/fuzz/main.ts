// Tests each border of the product with hostile input, for as long as requested.
//   npm run fuzz -- --minutes 30                     each target for 30 minutes
//   npm run fuzz -- --target metadata --seed 7       one target, with the seed of a failure
import { parseArgs } from 'node:util';
import { TARGETS } from './targets.ts';
import { fuzz } from './target.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    target: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
const targets = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
if (!(minutes > 0) || !Number.isInteger(seed) || targets.length === 0) {
  throw new Error(
    `--minutes takes a number above 0, --seed a whole number, --target one of: ${TARGETS.map(({ name }) => name).join(', ')}.`,
  );
}
console.log(`Seed ${seed}; ${minutes} min for each of ${targets.length} targets.`);
for (const target of targets) {
  try {
    const inputs = await fuzz(target, seed, minutes * 60_000);
    console.log(`${target.name}: ${inputs} inputs, ${Math.round(inputs / (minutes * 60))} a second, nothing found`);
  } catch (error) {
    console.log(
      `${target.name}: FOUND\n${error instanceof Error ? `${error.message}\n${String(error.cause)}` : String(error)}`,
    );
    process.exitCode = 1;
  }
}
