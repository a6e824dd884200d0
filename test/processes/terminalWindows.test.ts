// How the command `session-keeper` finds and verifies a window, in real processes.
import assert from 'node:assert/strict';
import { chmod, chown, mkdir, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { newSocketAddress } from '../../src/node/sockets.ts';
import { newNonce } from '../../src/node/terminalChannel.ts';
import { editor } from '../support/fakeEditor.ts';
import { endOthers, startOther } from '../support/processes.ts';
import { assertFails, TerminalFixture, type CommandResult, type TerminalWindow } from '../support/terminalFixture.ts';

const ALLOW = 'Allow for This Workspace';
/** Outside an integrated terminal, the command doesn't wait for a window. */
const OUTSIDE = { env: { SESSION_KEEPER_WINDOW: undefined } };

describe('the command session-keeper and its windows', () => {
  let fixture: TerminalFixture;
  let window: TerminalWindow;

  beforeEach(async () => {
    fixture = await TerminalFixture.create({ git: ['https://git.example.com'] });
    window = await fixture.openWindow();
    editor.respond = () => ALLOW;
  });

  afterEach(async () => {
    await endOthers();
    await fixture.close();
  });

  describe('finds a window', () => {
    const SHOP = 'a'.repeat(16);
    const run = (id: string): Promise<CommandResult> =>
      fixture.run(['token', 'acme'], { env: { SESSION_KEEPER_WINDOW: id } });

    it('and asks in that of the terminal, even if another one was used since', async () => {
      const shop = await fixture.openWindow(SHOP);
      await window.listener.touch();
      await run(SHOP);
      assert.deepEqual([shop.used.length, window.used.length], [1, 0]);
    });

    it('that is alive if that of the terminal is closed, which asks for itself', async () => {
      const shop = await fixture.openWindow(SHOP);
      await run(SHOP);
      shop.listener.dispose();
      assert.equal((await run(SHOP)).code, 0);
      assert.equal(window.used.length, 1);
      assert.equal(
        editor.messages[1]?.text,
        'A program outside the terminals of this window requests access to Acme (ada@example.com).',
      );
    });

    it('although another one has crashed, whose leftovers the next window removes', async () => {
      const address = await newSocketAddress();
      const crashed = startOther(`
        import { createServer } from 'node:net';
        createServer().listen(${JSON.stringify(address)}, () => console.log('ready'));`);
      await crashed.next();
      await fixture.folder.addWindow({ id: SHOP, address });
      await crashed.kill();
      await fixture.folder.addWindow({ id: SHOP, address: `${address.slice(0, -21)}0123456789abcdef.sock` });
      assert.equal((await run(SHOP)).code, 0);
      await fixture.openWindow();
      const listed = async (): Promise<number> =>
        (await readdir(fixture.folder.path)).filter((name) => name.endsWith('.window')).length;
      while ((await listed()) > 2) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await assert.rejects(stat(address));
    });

    it('if that of the terminal is killed while it answers', async () => {
      const module = JSON.stringify(import.meta.resolve('../../src/node/terminalServer.ts'));
      const folder = JSON.stringify(import.meta.resolve('../../src/node/terminalFolder.ts'));
      const killed = startOther(`
        import { listenForTerminals } from ${module};
        import { TerminalFolder } from ${folder};
        const never = () => { console.log('asked'); return new Promise(() => {}); };
        await listenForTerminals(new TerminalFolder(${JSON.stringify(fixture.folder.path)}), ${JSON.stringify(SHOP)}, never);
        console.log('ready');`);
      assert.equal(await killed.next(), 'ready');
      const result = run(SHOP);
      assert.equal(await killed.next(), 'asked');
      await killed.kill();
      assert.equal((await result).out, 'SECRET-access\n');
      assert.equal(window.used.length, 1);
    });

    it('that is starting, for example while it is reloaded', async () => {
      window.listener.dispose();
      const address = await newSocketAddress();
      const closing = createServer();
      const asked = new Promise<void>((resolve) => {
        closing.on('connection', (socket) => {
          socket.destroy();
          resolve();
        });
      });
      await new Promise<void>((resolve) => closing.listen(address, resolve));
      await fixture.folder.addWindow({ id: SHOP, address });
      const result = run(SHOP);
      await asked;
      const { used } = await fixture.openWindow(SHOP);
      assert.equal((await result).code, 0);
      assert.equal(used.length, 1);
      closing.close();
    });

    it('and fails if there is none, or access is off', async () => {
      window.listener.dispose();
      assertFails(await fixture.run(['token', 'acme'], OUTSIDE), 'no-window');
      await fixture.folder.deleteKey();
      assertFails(await run(SHOP), 'terminal-access-off', /Manage Terminal Access/u);
      assertFails(await fixture.run([]), 'terminal-access-off');
      await rm(fixture.folder.path, { recursive: true });
      await assert.rejects(run(SHOP), { code: 'ENOENT' });
    });

    it('and gets nothing from it after access was turned off', async () => {
      await run(SHOP);
      await fixture.folder.deleteKey();
      assertFails(await run(SHOP), 'terminal-access-off');
    });
  });

  describe('trusts only a window with the same key', () => {
    let received: string;
    let foreign: Server;
    let address: string;

    /** Listens instead of a window, and remembers what it gets. */
    const listen = async (greeting: Buffer): Promise<void> => {
      window.listener.dispose();
      received = '';
      address = await newSocketAddress();
      foreign = createServer((socket) => {
        socket.on('data', (data) => {
          received += data.toString('latin1');
          socket.end(Buffer.concat([Buffer.from([0, 0, 0, 40]), Buffer.alloc(40, 7)]));
        });
        socket.on('error', () => {});
        socket.write(greeting);
      });
      await new Promise<void>((resolve) => foreign.listen(address, resolve));
      await fixture.folder.addWindow({ id: '0'.repeat(16), address });
    };

    afterEach(() => foreign.close());

    const greeting = (): Buffer => Buffer.concat([Buffer.from([0, 0, 0, 33, 1]), newNonce()]);

    it('and sends nothing that another process can read', async () => {
      await listen(greeting());
      assertFails(await fixture.run(['token', 'acme', '--account', 'PRIVATE']), 'window-not-verified');
      assert.ok(received.length > 60);
      assert.ok(!received.includes('PRIVATE') && !received.includes('acme'));
    });

    it('and accepts no other protocol', async () => {
      await listen(Buffer.concat([Buffer.from([0, 0, 0, 33, 2]), newNonce()]));
      assertFails(await fixture.run(['token', 'acme']), 'window-not-verified');
      assert.equal(received, '');
    });

    it("and isn't exhausted by an endless response", async () => {
      await listen(Buffer.from([0xff, 0xff, 0xff, 0xff]));
      assertFails(await fixture.run(['token', 'acme']), 'invalid-response');
    });
  });

  it('gets nothing from a window if it has another key', async () => {
    const other = await TerminalFixture.create();
    await other.folder.createKey();
    for (const { address, id } of await fixture.folder.listWindows(undefined)) {
      await other.folder.addWindow({ address, id });
    }
    assertFails(await other.run(['token', 'acme'], OUTSIDE), 'no-window');
    assert.deepEqual([window.used, window.log], [[], []]);
    await other.close();
  });

  describe('refuses', () => {
    const key = (): string => join(fixture.folder.path, 'key');

    it("a key that others can read, and one that isn't a key", async () => {
      await chmod(key(), 0o644);
      assertFails(await fixture.run(['token', 'acme']), 'unsafe-folder');
      await chmod(key(), 0o600);
      await writeFile(key(), 'short');
      assertFails(await fixture.run(['token', 'acme']), 'unsafe-folder');
      const stored = join(dirname(key()), 'other');
      await rename(key(), stored);
      await symlink(stored, key());
      assertFails(await fixture.run(['token', 'acme']), 'unsafe-folder');
      await rm(key());
      await mkdir(key());
      assertFails(await fixture.run(['token', 'acme']), 'unsafe-folder');
    });

    it('a folder that others can write to', async () => {
      await chmod(fixture.folder.path, 0o777);
      assertFails(await fixture.run(['token', 'acme']), 'unsafe-folder');
    });

    it('a key of another user', async function () {
      if (process.getuid?.() !== 0) {
        this.skip();
      }
      await chown(key(), 12345, 12345);
      assertFails(await fixture.run(['token', 'acme']), 'unsafe-folder');
    });

    it("an address that isn't a socket of this user", async () => {
      window.listener.dispose();
      let connections = 0;
      const elsewhere = join(fixture.folder.path, '0123456789abcdef.sock');
      const other = createServer(() => (connections += 1));
      await new Promise<void>((resolve) => other.listen(elsewhere, resolve));
      for (const address of [elsewhere, '/etc/passwd', '/tmp/other.sock', 'relative.sock', '', 'x'.repeat(1000)]) {
        await fixture.folder.addWindow({ id: '0'.repeat(16), address });
      }
      assertFails(await fixture.run(['token', 'acme'], OUTSIDE), 'no-window');
      assert.equal(connections, 0);
      other.close();
    });
  });

  describe('runs', () => {
    it('without Node on PATH, with the Node of VS Code', async () => {
      const { code, out } = await fixture.run(['token', 'acme'], { env: { PATH: '/nonexistent' } });
      assert.deepEqual([code, out], [0, 'SECRET-access\n']);
    });

    it('with the Node of the system if VS Code was moved, and fails without any', async () => {
      const launcher = join(fixture.bin, 'session-keeper');
      await writeFile(launcher, (await readFile(launcher, 'utf8')).replaceAll(process.execPath, '/nonexistent/node'));
      assert.equal((await fixture.run(['token', 'acme'])).code, 0);
      const result = await fixture.run(['token', 'acme'], { env: { PATH: '/nonexistent' } });
      assert.equal(result.code, 127);
      assert.match(result.error, /Node\.js was not found/u);
    });

    it('for Git as its credential helper', async () => {
      const env = {
        GIT_CONFIG_COUNT: '2',
        GIT_CONFIG_KEY_0: 'credential.helper',
        GIT_CONFIG_VALUE_0: '',
        GIT_CONFIG_KEY_1: 'credential.https://git.example.com.helper',
        GIT_CONFIG_VALUE_1: '!session-keeper git-credential acme',
        GIT_TERMINAL_PROMPT: '0',
      };
      const fill = (input: string): Promise<CommandResult> =>
        fixture.runProgram('git', ['credential', 'fill'], { env, input });
      const { out } = await fill('protocol=https\nhost=git.example.com\n\n');
      assert.match(out, /username=oauth2\npassword=SECRET-access\n/u);
      window.records = [];
      const failed = await fill('protocol=https\nhost=git.example.com\n\n');
      assert.notEqual(failed.code, 0);
      assert.match(failed.error, /session-keeper: You're signed out of Acme.+\n.*quit/u);
    });
  });
});
