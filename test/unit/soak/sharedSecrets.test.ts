import assert from 'node:assert/strict';
import { FakeClock } from '../../support/fakeClock.ts';
import { Random } from '../../support/simulation/random.ts';
import { SharedSecrets, type StoreModel } from '../../support/simulation/sharedSecrets.ts';

describe('The simulated secrets', () => {
  const open = (model: StoreModel, eventCount = 1): { readonly clock: FakeClock; readonly secrets: SharedSecrets } => {
    const clock = new FakeClock();
    const secrets = new SharedSecrets(model, {
      random: new Random(1),
      now: () => clock.now(),
      after: (delay, run) => clock.after(delay, run),
      eventCounts: [[1, eventCount]],
    });
    return { clock, secrets };
  };

  it('are immediately visible in another window when the model is immediate', async () => {
    const { clock, secrets } = open('immediate', 0);
    const [one, other] = [secrets.open(), secrets.open()];
    const events: string[] = [];
    other.onDidChange((key) => events.push(key));
    one.set('key', 'value');
    assert.deepEqual([other.get('key'), [...other.secrets.keys()]], ['value', ['key']]);
    await clock.advance(30);
    assert.deepEqual(events, ['key']);
  });

  it('are visible in another window up to a second later, in order, when the model lags', async () => {
    const { clock, secrets } = open('lagging', 2);
    const [one, other] = [secrets.open(), secrets.open()];
    const events: string[] = [];
    other.onDidChange((key) => events.push(key));
    let late = 0;
    for (let number = 1; number <= 20; number += 1) {
      one.set('key', `value ${number}`);
      assert.deepEqual([one.get('key'), secrets.secrets.get('key')], [`value ${number}`, `value ${number}`]);
      late += other.get('key') === `value ${number}` ? 0 : 1;
      let seen = 0;
      for (let passed = 0; passed < 1000; passed += 100) {
        await clock.advance(100);
        const now = Number(other.get('key')?.split(' ')[1] ?? 0);
        assert.ok(now >= seen);
        seen = now;
      }
      assert.equal(other.get('key'), `value ${number}`);
    }
    assert.ok(late > 10, `${late} late writes`);
    await clock.advance(5000);
    assert.equal(events.length, 40);
  });

  it("are never visible in another window, and replace all others, with the browser's model", async () => {
    const { clock, secrets } = open('browser');
    const overwritten: string[] = [];
    secrets.onDidOverwrite = (key) => overwritten.push(key);
    const [one, other] = [secrets.open(), secrets.open()];
    const events: string[] = [];
    other.onDidChange((key) => events.push(key));
    one.set('first', 'value');
    await clock.advance(5000);
    assert.deepEqual([other.get('first'), events, secrets.open().get('first')], [undefined, [], 'value']);
    other.set('second', 'value');
    await clock.advance(5000);
    assert.deepEqual([[...secrets.secrets.keys()], overwritten, events], [['second'], ['first'], ['second']]);
  });
});
