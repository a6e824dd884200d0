import assert from 'node:assert/strict';
import { Figures } from '../../soak/figures.ts';
import { STORE_MODELS } from '../../support/simulation/sharedSecrets.ts';
import { Simulation, type SimulationOptions } from '../../soak/simulation.ts';

describe('Soak', () => {
  for (const [index, store] of STORE_MODELS.entries()) {
    it(`keeps every session through some days of faults (store: ${store})`, async () => {
      const figures = new Figures();
      const { violation, last } = await new Simulation(
        { seed: 121 + index, store, days: 5, windows: 3 },
        figures,
      ).run();
      assert.equal(violation, undefined, last.slice(-40).join('\n'));
      assert.ok(figures.sessionDays > 1);
      assert.ok(figures.renewals > 10);
      assert.ok(figures.counts.size > 15, 'few faults have occurred');
      assert.equal(figures.unexpected, 0);
    });
  }

  it('produces the same event log for the same seed, and another one for a different seed', async () => {
    const hashOf = async (options: SimulationOptions): Promise<string> => (await new Simulation(options).run()).hash;
    const options: SimulationOptions = { seed: 7, days: 2, windows: 2 };
    const hash = await hashOf(options);
    assert.equal(await hashOf(options), hash);
    assert.notEqual(await hashOf({ ...options, seed: 8 }), hash);
  });

  it('detects windows that ignore the lock', async () => {
    const { violation } = await new Simulation({ seed: 3, store: 'immediate', windows: 4, mutation: 'lock' }).run();
    assert.ok(violation !== undefined);
  });
});
