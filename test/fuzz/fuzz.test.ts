import { TARGETS } from './targets.ts';
import { fuzz } from './target.ts';

/** How long, in ms, each target runs here: a minute for all of them. `npm run fuzz` runs longer, with other seeds. */
const DURATION = 60_000 / TARGETS.length;
const SEED = 20_300_101;

describe('Hostile input', () => {
  for (const target of TARGETS) {
    it(`does no harm: ${target.name}`, async () => {
      await fuzz(target, SEED, DURATION);
    }).timeout(DURATION * 4);
  }
});
