import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeProcessLiveness } from '../../../src/node/processLiveness.ts';
import { endOthers, startOther, type Other } from '../../support/processes.ts';

const MODULE = JSON.stringify(import.meta.resolve('../../../src/node/processLiveness.ts'));

/** Begins a sign, says it, and stays. */
const BEGINNER = `
  import { nodeProcessLiveness } from ${MODULE};
  const life = await nodeProcessLiveness().begin();
  console.log(life.sign);
  setInterval(() => {}, 1000);
`;

const addressIn = (sign: string): string => (JSON.parse(sign) as [string, number, string])[2];

describe("The machine's life", function () {
  this.timeout(20_000);
  const life = nodeProcessLiveness();

  /** Where the processes leave what is left of them when they are killed. */
  let leavings: string;

  beforeEach(async () => {
    leavings = await mkdtemp(join(tmpdir(), 'sk-'));
  });

  afterEach(async () => {
    await endOthers();
    await rm(leavings, { recursive: true });
  });

  const begun = async (env: Record<string, string> = {}): Promise<{ readonly other: Other; readonly sign: string }> => {
    const other = startOther(BEGINNER, { TMPDIR: leavings, ...env });
    return { other, sign: await other.next() };
  };

  it('knows a sign of its own for as long as it is not disposed of', async () => {
    const mine = await life.begin();
    assert.equal(await life.lives(mine.sign), true);
    mine.dispose();
    assert.equal(await life.lives(mine.sign), false);
  });

  it('gives each task a sign of its own', async () => {
    const [one, other] = [await life.begin(), await life.begin()];
    one.dispose();
    assert.deepEqual([await life.lives(one.sign), await life.lives(other.sign)], [false, true]);
    other.dispose();
  });

  it('does not keep a process from ending', async () => {
    const other = startOther(
      `import { nodeProcessLiveness } from ${MODULE}; console.log((await nodeProcessLiveness().begin()).sign);`,
    );
    const sign = await other.next();
    assert.equal(await other.ended, 0);
    assert.equal(await life.lives(sign), false);
  });

  it('sees that another process lives, and at once that it was killed', async () => {
    const { other, sign } = await begun();
    assert.equal(await life.lives(sign), true);
    await other.kill();
    assert.equal(await life.lives(sign), false);
  });

  it('takes away what a killed process has left behind', async function () {
    if (process.platform === 'win32') {
      this.skip();
    }
    const { other, sign } = await begun();
    await other.kill();
    assert.ok(existsSync(addressIn(sign)));
    assert.equal(await life.lives(sign), false);
    while (existsSync(addressIn(sign))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(await life.lives(sign), false);
  });

  it('takes a stopped process for alive, before and after it goes on', async function () {
    if (process.platform === 'win32') {
      this.skip();
    }
    const { other, sign } = await begun();
    other.process.kill('SIGSTOP');
    for (let look = 0; look < 5; look += 1) {
      assert.equal(await life.lives(sign), true);
    }
    other.process.kill('SIGCONT');
    assert.equal(await life.lives(sign), true);
    other.process.kill('SIGSTOP');
    await other.kill();
    assert.equal(await life.lives(sign), false, 'killed while stopped');
  });

  it('never takes a stopped process for dead, however many ask for it', async function () {
    if (process.platform !== 'linux') {
      this.skip();
    }
    const { other, sign } = await begun();
    other.process.kill('SIGSTOP');
    // More than the queue of a socket that nobody serves can hold.
    const callers = Array.from({ length: 700 }, () => connect(addressIn(sign)));
    callers.forEach((caller) => caller.on('error', () => {}));
    await Promise.all(callers.map(settled));
    assert.equal(await life.lives(sign), true);
    callers.forEach((caller) => caller.destroy());
  });

  it('cannot tell of a window on another machine, nor of what is no sign', async () => {
    assert.equal(await life.lives(JSON.stringify([`not-${hostname()}`, process.pid, '/tmp/x.sock'])), undefined);
    for (const none of ['', 'x', '{}', 'null', '[]', '17']) {
      assert.equal(await life.lives(none), undefined, none);
    }
  });

  it('does not take a process for one that had its number before the machine was started anew', async () => {
    const mine = await life.begin();
    const [where] = JSON.parse(mine.sign) as [string];
    mine.dispose();
    assert.equal(await life.lives(JSON.stringify([where, process.pid, '', 0])), true);
    assert.equal(await life.lives(JSON.stringify([where, process.pid, '', 1e9])), false);
  });

  it('goes by the process where there is nowhere to listen', async () => {
    const { other, sign } = await begun({ TMPDIR: '/nowhere/at/all', TEMP: 'Z:\\nowhere', TMP: 'Z:\\nowhere' });
    if (process.platform !== 'win32') {
      assert.equal(addressIn(sign), '');
    }
    assert.equal(await life.lives(sign), true);
    await other.kill();
    assert.equal(await life.lives(sign), false);
  });

  it('tells the same in a temporary folder whose name is longer than an address may be', async () => {
    const folder = await mkdtemp(join(tmpdir(), `sk-${'long'.repeat(30)}-`));
    const { other, sign } = await begun({ TMPDIR: folder });
    assert.equal(await life.lives(sign), true);
    await other.kill();
    assert.equal(await life.lives(sign), false);
    await rm(folder, { recursive: true });
  });

  describe('on a system where a closed door is not certain', () => {
    const real = Object.getOwnPropertyDescriptor(process, 'platform') ?? {};

    beforeEach(function () {
      if (process.platform === 'win32') {
        this.skip();
      }
      Object.defineProperty(process, 'platform', { ...real, value: 'darwin' });
    });

    afterEach(() => {
      Object.defineProperty(process, 'platform', real);
    });

    it('still knows that a sign has gone out whose window lives on', async () => {
      const [one, other] = [await life.begin(), await life.begin()];
      one.dispose();
      assert.deepEqual([await life.lives(one.sign), await life.lives(other.sign)], [false, true]);
      other.dispose();
    });

    it('still sees that another process lives, is stopped, or was killed', async () => {
      const { other, sign } = await begun();
      assert.equal(await life.lives(sign), true);
      other.process.kill('SIGSTOP');
      assert.equal(await life.lives(sign), true);
      await other.kill();
      assert.equal(await life.lives(sign), false);
    });
  });

  it('leaves nothing behind where all went well', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sk-'));
    const other = startOther(
      `import { nodeProcessLiveness } from ${MODULE};
      const begun = [];
      for (let count = 0; count < 20; count += 1) {
        begun.push(await nodeProcessLiveness().begin());
      }
      begun.forEach((one) => one.dispose());
      setImmediate(() => console.log('done'));`,
      { TMPDIR: folder },
    );
    await other.next();
    assert.deepEqual(readdirSync(folder), []);
    await rm(folder, { recursive: true });
  });
});

function settled(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('connect', () => resolve());
    socket.once('error', () => resolve());
  });
}
