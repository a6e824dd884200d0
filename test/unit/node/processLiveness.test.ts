import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { nodeProcessLiveness } from '../../../src/node/processLiveness.ts';
import { endOthers, startOther, type Other } from '../../support/processes.ts';

const MODULE = JSON.stringify(import.meta.resolve('../../../src/node/processLiveness.ts'));

/** Registers itself, prints its token, and stays. */
const REGISTERED = `
  import { nodeProcessLiveness } from ${MODULE};
  console.log((await nodeProcessLiveness().register()).token);
  setInterval(() => {}, 1000);
`;

const addressIn = (token: string): string => (JSON.parse(token) as [string, number, string])[2];

describe('Process liveness on this machine', () => {
  const liveness = nodeProcessLiveness();

  /** The temporary folder of the processes, in which a killed one leaves its socket. */
  let temporary: string;

  beforeEach(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'sk-'));
  });

  afterEach(async () => {
    await endOthers();
    await rm(temporary, { recursive: true });
  });

  const start = async (
    env: Record<string, string> = {},
  ): Promise<{ readonly other: Other; readonly token: string }> => {
    const other = startOther(REGISTERED, { TMPDIR: temporary, ...env });
    return { other, token: await other.next() };
  };

  /** Waits until a process responds, which may take time on a busy machine. */
  const untilResponding = async (token: string): Promise<void> => {
    while (!(await liveness.isResponding(token)));
  };

  it('finds its own process alive until the registration is disposed of', async () => {
    const mine = await liveness.register();
    assert.equal(await liveness.isAlive(mine.token), true);
    mine.dispose();
    assert.equal(await liveness.isAlive(mine.token), false);
  });

  it('returns a separate token for each registration when a process has several', async () => {
    const [one, other] = [await liveness.register(), await liveness.register()];
    one.dispose();
    assert.deepEqual([await liveness.isAlive(one.token), await liveness.isAlive(other.token)], [false, true]);
    other.dispose();
  });

  it("doesn't keep a process from ending when it's registered", async () => {
    const other = startOther(
      `import { nodeProcessLiveness } from ${MODULE}; console.log((await nodeProcessLiveness().register()).token);`,
    );
    const token = await other.next();
    assert.equal(await other.ended, 0);
    assert.equal(await liveness.isAlive(token), false);
  });

  it("finds another process alive, and immediately dead when it's killed", async () => {
    const { other, token } = await start();
    assert.equal(await liveness.isAlive(token), true);
    await other.kill();
    assert.equal(await liveness.isAlive(token), false);
  });

  it("finds a process responding, except while it's stopped, and when it's dead", async function () {
    if (process.platform === 'win32') {
      this.skip();
    }
    const { other, token } = await start();
    await untilResponding(token);
    other.process.kill('SIGSTOP');
    assert.deepEqual([await liveness.isAlive(token), await liveness.isResponding(token)], [true, false]);
    other.process.kill('SIGCONT');
    await untilResponding(token);
    await other.kill();
    assert.equal(await liveness.isResponding(token), false);
  });

  it('finds a process alive, and not responding, when its event loop is blocked', async () => {
    const other = startOther(
      `import { nodeProcessLiveness } from ${MODULE};
      const { token } = await nodeProcessLiveness().register();
      process.stdout.write(token + '\\n', () => {
        for (;;);
      });`,
      { TMPDIR: temporary },
    );
    const token = await other.next();
    assert.deepEqual([await liveness.isAlive(token), await liveness.isResponding(token)], [true, false]);
  });

  it('finds its own process responding until the registration is disposed of', async () => {
    const mine = await liveness.register();
    assert.equal(await liveness.isResponding(mine.token), true);
    mine.dispose();
    assert.equal(await liveness.isResponding(mine.token), false);
  });

  it('returns a name by which a user can find the process', async () => {
    const mine = await liveness.register();
    assert.equal(mine.name, `process ${process.pid}`);
    mine.dispose();
  });

  it('deletes the socket of a process when it was killed', async function () {
    if (process.platform === 'win32') {
      this.skip();
    }
    const { other, token } = await start();
    await other.kill();
    assert.ok(existsSync(addressIn(token)));
    assert.equal(await liveness.isAlive(token), false);
    while (existsSync(addressIn(token))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(await liveness.isAlive(token), false);
  });

  it("finds a process alive when it's stopped, and after it resumes", async function () {
    if (process.platform === 'win32') {
      this.skip();
    }
    const { other, token } = await start();
    other.process.kill('SIGSTOP');
    for (let look = 0; look < 5; look += 1) {
      assert.equal(await liveness.isAlive(token), true);
    }
    other.process.kill('SIGCONT');
    assert.equal(await liveness.isAlive(token), true);
    other.process.kill('SIGSTOP');
    await other.kill();
    assert.equal(await liveness.isAlive(token), false, 'killed while stopped');
  });

  it('finds a process alive, and not responding, when it is stopped and its queue is full', async function () {
    if (process.platform !== 'linux') {
      this.skip();
    }
    const { other, token } = await start();
    other.process.kill('SIGSTOP');
    // More than the queue of an unserved socket can hold.
    const callers = Array.from({ length: 700 }, () => connect(addressIn(token)));
    callers.forEach((caller) => caller.on('error', () => {}));
    await Promise.all(callers.map(settled));
    assert.deepEqual([await liveness.isAlive(token), await liveness.isResponding(token)], [true, false]);
    callers.forEach((caller) => caller.destroy());
  });

  it("returns undefined for a process when it runs on another machine, or the token isn't valid", async () => {
    assert.equal(await liveness.isAlive(JSON.stringify([`not-${hostname()}`, process.pid, '/tmp/x.sock'])), undefined);
    for (const none of ['', 'x', '{}', 'null', '[]', '17']) {
      assert.deepEqual([await liveness.isAlive(none), await liveness.isResponding(none)], [undefined, false], none);
    }
  });

  it('finds a process dead when its ID was given before the machine was restarted', async () => {
    const mine = await liveness.register();
    const [where] = JSON.parse(mine.token) as [string];
    mine.dispose();
    assert.equal(await liveness.isAlive(JSON.stringify([where, process.pid, '', 0])), true);
    assert.equal(await liveness.isAlive(JSON.stringify([where, process.pid, '', 1e9])), false);
  });

  it('uses the process ID when no socket is available', async () => {
    const { other, token } = await start({ TMPDIR: '/nowhere/at/all', TEMP: 'Z:\\nowhere', TMP: 'Z:\\nowhere' });
    if (process.platform !== 'win32') {
      assert.equal(addressIn(token), '');
      other.process.kill('SIGSTOP');
      assert.equal(await liveness.isResponding(token), true, 'there is nothing to probe');
    }
    assert.equal(await liveness.isAlive(token), true);
    await other.kill();
    assert.equal(await liveness.isAlive(token), false);
  });

  it('gives the same results when the path of the temporary folder is longer than a socket path may be', async () => {
    const folder = await mkdtemp(join(tmpdir(), `sk-${'long'.repeat(30)}-`));
    const { other, token } = await start({ TMPDIR: folder });
    assert.equal(await liveness.isAlive(token), true);
    await other.kill();
    assert.equal(await liveness.isAlive(token), false);
    await rm(folder, { recursive: true });
  });

  describe('with a token that names something else', () => {
    /** Returns a token of this machine and this process with another address. */
    const naming = async (address: unknown): Promise<string> => {
      const mine = await liveness.register();
      const [where, pid, , uptime] = JSON.parse(mine.token) as unknown[];
      mine.dispose();
      return JSON.stringify([where, pid, address, uptime]);
    };
    const ownFolder = (): string => join(temporary, `sk-${process.getuid?.()}`);

    beforeEach(function () {
      if (process.platform === 'win32') {
        this.skip();
      }
    });

    it('connects to nothing when it is a port, a pipe of another computer, or a socket elsewhere', async () => {
      let connections = 0;
      const server = createServer(() => (connections += 1));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const port = (server.address() as { port: number }).port;
      const other = createServer(() => (connections += 1));
      await mkdir(ownFolder(), { mode: 0o700 });
      const sockets = [join(temporary, '0123456789abcdef.sock'), join(ownFolder(), 'of-another-program.sock')];
      for (const socket of sockets) {
        await new Promise<void>((resolve) => other.listen(socket, resolve));
        assert.equal(await liveness.isAlive(await naming(socket)), undefined);
        await new Promise<unknown>((resolve) => other.close(resolve));
      }
      for (const address of [port, String(port), `\\\\evil\\pipe\\sk-x`, '\0abstract', 'relative.sock', '//x']) {
        const token = await naming(address);
        assert.deepEqual([await liveness.isAlive(token), await liveness.isResponding(token)], [undefined, false]);
      }
      server.close();
      assert.equal(connections, 0);
    });

    it('deletes nothing when it is an ordinary file, a link or a path with dots', async () => {
      await mkdir(ownFolder(), { mode: 0o700 });
      const named = join(ownFolder(), '0123456789abcdef.sock');
      const [file, linked] = [join(temporary, 'file'), join(ownFolder(), 'fedcba9876543210.sock')];
      await writeFile(named, 'text');
      await writeFile(file, 'text');
      await symlink(file, linked);
      for (const address of [
        named,
        file,
        linked,
        `${ownFolder()}/../file`,
        `${ownFolder()}/x/../0123456789abcdef.sock`,
      ]) {
        assert.equal(await liveness.isAlive(await naming(address)), undefined, address);
      }
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual([named, file, linked].map(existsSync), [true, true, true]);
    });

    it('connects to nothing when the folder of the sockets is open to others, or a link', async () => {
      let connections = 0;
      const server = createServer(() => (connections += 1));
      await mkdir(ownFolder(), { mode: 0o700 });
      const address = join(ownFolder(), '0123456789abcdef.sock');
      await new Promise<void>((resolve) => server.listen(address, resolve));
      await chmod(ownFolder(), 0o777);
      assert.equal(await liveness.isAlive(await naming(address)), undefined);
      await chmod(ownFolder(), 0o700);
      assert.equal(await liveness.isAlive(await naming(address)), true);
      const [elsewhere, before] = [await mkdtemp(join(tmpdir(), 'sk-')), connections];
      const link = join(elsewhere, `sk-${process.getuid?.()}`);
      await symlink(ownFolder(), link);
      assert.equal(await liveness.isAlive(await naming(join(link, '0123456789abcdef.sock'))), undefined);
      assert.equal(connections, before);
      await rm(elsewhere, { recursive: true });
      server.close();
    });

    it('finds it dead when its process has ended or the machine was restarted, no matter what listens now', async () => {
      const { other, token } = await start();
      await other.kill();
      const [where, pid, address] = JSON.parse(token) as [string, number, string];
      await rm(address, { force: true });
      const squatter = createServer(() => {});
      await new Promise<void>((resolve) => squatter.listen(address, resolve));
      assert.equal(await liveness.isAlive(token), false);
      assert.equal(await liveness.isAlive(JSON.stringify([where, process.pid, address, 1e9])), false);
      assert.equal(await liveness.isAlive(JSON.stringify([where, pid, address, 1e9])), false);
      squatter.close();
    });

    for (const pid of [0, -1, 1.5, 1e300, null, '1', {}]) {
      it(`returns undefined for it when its process ID is ${JSON.stringify(pid)}`, async () => {
        const [where] = JSON.parse(await naming('')) as [string];
        const token = JSON.stringify([where, pid, '', 0]);
        assert.deepEqual([await liveness.isAlive(token), await liveness.isResponding(token)], [undefined, false]);
      });
    }

    it('returns undefined for it when a machine with the same name and namespaces was started at another time', async function () {
      if (process.platform !== 'linux') {
        this.skip();
      }
      const [where, pid] = JSON.parse(await naming('')) as [string, number];
      const parts = where.split(' ');
      assert.deepEqual([parts.length, parts[0]], [4, hostname()]);
      const twin = [parts[0], crypto.randomUUID(), ...parts.slice(2)].join(' ');
      for (const twinPid of [pid, 2 ** 22 + 1]) {
        assert.equal(await liveness.isAlive(JSON.stringify([twin, twinPid, '', 0])), undefined);
      }
    });
  });

  it('listens in a private folder, and tightens its mode', async function () {
    if (process.platform === 'win32') {
      this.skip();
    }
    await mkdir(join(temporary, `sk-${process.getuid?.()}`), { mode: 0o777 });
    await chmod(join(temporary, `sk-${process.getuid?.()}`), 0o777);
    const { token } = await start();
    const { mode } = await stat(dirname(addressIn(token)));
    assert.deepEqual([dirname(addressIn(token)), mode & 0o777], [join(temporary, `sk-${process.getuid?.()}`), 0o700]);
  });

  it('has no socket when a link is in place of that folder', async function () {
    if (process.platform === 'win32') {
      this.skip();
    }
    const elsewhere = await mkdtemp(join(tmpdir(), 'sk-'));
    await symlink(elsewhere, join(temporary, `sk-${process.getuid?.()}`));
    const { token } = await start();
    assert.deepEqual([addressIn(token), readdirSync(elsewhere), await liveness.isAlive(token)], ['', [], true]);
    await rm(elsewhere, { recursive: true });
  });

  describe("on a system where a refused connection isn't conclusive", () => {
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

    it('finds a registration ended when it was disposed of, although its process is alive', async () => {
      const [one, other] = [await liveness.register(), await liveness.register()];
      one.dispose();
      assert.deepEqual([await liveness.isAlive(one.token), await liveness.isAlive(other.token)], [false, true]);
      other.dispose();
    });

    it('finds another process alive, stopped or killed', async () => {
      const { other, token } = await start();
      assert.equal(await liveness.isAlive(token), true);
      other.process.kill('SIGSTOP');
      assert.deepEqual([await liveness.isAlive(token), await liveness.isResponding(token)], [true, false]);
      await other.kill();
      assert.equal(await liveness.isAlive(token), false);
    });
  });

  it('leaves no file when all registrations are disposed of', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sk-'));
    const other = startOther(
      `import { nodeProcessLiveness } from ${MODULE};
      const registrations = [];
      for (let count = 0; count < 20; count += 1) {
        registrations.push(await nodeProcessLiveness().register());
      }
      registrations.forEach((one) => one.dispose());
      setImmediate(() => console.log('done'));`,
      { TMPDIR: folder },
    );
    await other.next();
    assert.deepEqual(
      readdirSync(folder).flatMap((name) => readdirSync(join(folder, name))),
      [],
    );
    await rm(folder, { recursive: true });
  });
});

function settled(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('connect', () => resolve());
    socket.once('error', () => resolve());
  });
}
