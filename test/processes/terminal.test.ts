// The command `session-keeper`, in real processes.
import assert from 'node:assert/strict';
import { HOUR } from '../../src/core/clock.ts';
import { Failure } from '../../src/core/failure.ts';
import type { SessionRecord } from '../../src/core/session.ts';
import { EXIT_CODES } from '../../src/core/terminal.ts';
import { SAMPLE } from '../support/coreSamples.ts';
import { editor } from '../support/fakeEditor.ts';
import { assertFails, TerminalFixture, type CommandResult, type TerminalWindow } from '../support/terminalFixture.ts';

const ALLOW = 'Allow for This Workspace';
const OTHER: SessionRecord = { ...SAMPLE, id: 'session-2', account: { id: 'account-2', label: 'bob@example.com' } };

describe('the command session-keeper', () => {
  let fixture: TerminalFixture;
  let window: TerminalWindow;

  beforeEach(async () => {
    fixture = await TerminalFixture.create({ git: ['https://git.example.com'] });
    window = await fixture.openWindow();
    editor.respond = () => ALLOW;
  });

  afterEach(async () => {
    await fixture.close();
  });

  it('prints the token, and its expiry with --json', async () => {
    assert.deepEqual(await fixture.run(['token', 'acme']), {
      code: 0,
      out: 'SECRET-access\n',
      error: 'session-keeper: Waiting for your permission in VS Code…\n',
    });
    const { out } = await fixture.run(['token', 'acme', '--json']);
    const { access_token, account, expires_at, scopes } = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual([access_token, account, scopes], ['SECRET-access', 'ada@example.com', ['openid', 'profile']]);
    assert.ok(Date.parse(String(expires_at)) > Date.now() + HOUR / 2);
  });

  it('asks once for each account and workspace, and logs each use without the token', async () => {
    await fixture.run(['token', 'acme']);
    await fixture.run(['token', 'acme']);
    assert.deepEqual(
      editor.messages.map(({ buttons, isModal, text }) => [text, buttons, isModal]),
      [
        [
          'A program in the terminal of "shop" requests access to Acme (ada@example.com).',
          [ALLOW, 'Allow Once', 'Deny'],
          false,
        ],
      ],
    );
    window.records = [OTHER];
    await fixture.run(['token', 'acme']);
    assert.match(editor.messages[1]?.text ?? '', /\(bob@example\.com\)/u);
    assert.equal(window.log.filter((line) => line.includes('used by a program in the terminal (token)')).length, 3);
    assert.deepEqual(window.used, ['session-1', 'session-1', 'session-2']);
    assert.ok(!window.log.join('\n').includes('SECRET'));
  });

  it('asks again for other scopes', async () => {
    window.records = [{ ...SAMPLE, scopes: ['openid', 'profile', 'admin'] }];
    await fixture.run(['token', 'acme']);
    await fixture.run(['token', 'acme', '--scope', 'admin openid']);
    assert.equal(editor.messages.length, 2);
    assert.match(editor.messages[1]?.text ?? '', /Scopes: admin openid$/u);
  });

  it('asks each time if the user allows it once', async () => {
    editor.respond = () => 'Allow Once';
    const results = await Promise.all([fixture.run(['token', 'acme']), fixture.run(['token', 'acme'])]);
    assert.deepEqual(
      results.map(({ out }) => out),
      ['SECRET-access\n', 'SECRET-access\n'],
    );
    assert.equal(editor.messages.length, 2);
  });

  it("fails if the user denies it, and doesn't ask again", async () => {
    editor.respond = () => 'Deny';
    assertFails(await fixture.run(['token', 'acme']), 'denied', /Manage Terminal Access/u);
    assertFails(await fixture.run(['token', 'acme']), 'denied');
    editor.respond = () => ALLOW;
    assertFails(await fixture.run(['headers', 'acme', '--url', 'https://api.example.com']), 'denied');
    assert.equal(editor.messages.length, 1);
    for (const permission of window.consent.denied) {
      await window.consent.forget(permission);
    }
    assert.equal((await fixture.run(['token', 'acme'])).code, 0);
  });

  it("gets nothing, and isn't recorded, if it ended before the user allowed it", async () => {
    const ended = new AbortController();
    let allow: (answer: string) => void = () => {};
    editor.respond = () => {
      ended.abort();
      return new Promise<string>((resolve) => (allow = resolve));
    };
    await fixture.run(['token', 'acme'], { signal: ended.signal });
    while (window.log.length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    allow(ALLOW);
    assert.deepEqual([window.used, window.log.length], [[], 1]);
    assert.match(window.log[0] ?? '', /\(token\): no-answer\.$/u);
  });

  it('counts a closed question as a denial', async () => {
    editor.respond = () => undefined;
    assertFails(await fixture.run(['token', 'acme']), 'denied');
    assertFails(await fixture.run(['token', 'acme']), 'denied');
    assert.equal(editor.messages.length, 1);
  });

  it('does nothing in an untrusted workspace, whatever was allowed before', async () => {
    await fixture.run(['token', 'acme']);
    editor.workspace.isTrusted = false;
    for (const args of [['token', 'acme'], ['list'], ['login', 'acme'], ['exec', 'acme', '--', 'true']]) {
      assertFails(await fixture.run(args), 'untrusted-workspace');
    }
    assert.equal(editor.messages.length, 1);
  });

  it('serves 100 processes at the same time, with renewals in between', async () => {
    let generation = 0;
    await fixture.run(['token', 'acme']);
    window.renew = async (record) => {
      await new Promise((resolve) => setImmediate(resolve));
      generation += 1;
      return { ...record, accessToken: `SECRET-${String(Math.ceil(generation / 10))}`, generation };
    };
    const results = await Promise.all(Array.from({ length: 100 }, () => fixture.run(['token', 'acme'])));
    assert.deepEqual(new Set(results.map(({ code, error }) => `${code ?? ''}${error}`)), new Set(['0']));
    assert.deepEqual(
      new Set(results.map(({ out }) => out.trim())),
      new Set(Array.from({ length: 10 }, (_, index) => `SECRET-${index + 1}`)),
    );
    assert.equal(window.used.length, 101);
    assert.equal(editor.messages.length, 1);
  });

  it('prints a token of 1 MB', async () => {
    window.records = [{ ...SAMPLE, accessToken: 'a'.repeat(1_000_000) }];
    const { code, out } = await fixture.run(['token', 'acme']);
    assert.deepEqual([code, out.length], [0, 1_000_001]);
    // Such a variable exceeds the limit of the operating system.
    const child = await fixture.run(['exec', 'acme', '--', 'true']);
    if (process.platform === 'linux') {
      assertFails(child, 'command-failed', /E2BIG/u);
    }
  });

  it('never prints a token or header that would add lines', async () => {
    window.records = [{ ...SAMPLE, accessToken: 'a\nhost=evil.example' }];
    assertFails(await fixture.run(['token', 'acme']), 'invalid-response');
    assertFails(await fixture.run(['headers', 'acme', '--url', 'https://api.example.com']), 'invalid-response');
    const input = 'protocol=https\nhost=git.example.com\n\n';
    const git = await fixture.run(['git-credential', 'acme', 'get'], { input });
    assert.deepEqual([git.code, git.out], [EXIT_CODES['invalid-response'], 'quit=1\n']);
  });

  describe('names each failure', () => {
    it('for an unknown provider', async () => {
      assertFails(await fixture.run(['token', 'nope']), 'unknown-provider', /"nope".*acme/u);
      assertFails(await fixture.run(['token', '../acme']), 'invalid-request');
    });

    it("without a session, and doesn't wait for a sign-in", async () => {
      window.records = [];
      assertFails(await fixture.run(['token', 'acme']), 'signed-out', /session-keeper login acme/u);
      assert.equal(editor.messages.length, 0);
      window.records = [{ ...SAMPLE }];
      assertFails(await fixture.run(['token', 'acme', '--scope', 'admin']), 'signed-out', /--sign-in/u);
      assertFails(await fixture.run(['token', 'acme', '--account', 'eve']), 'signed-out', /--sign-in/u);
    });

    it('with several accounts and none named', async () => {
      window.records = [{ ...SAMPLE }, OTHER];
      assertFails(await fixture.run(['token', 'acme']), 'several-accounts', /ada@example\.com, bob@example\.com/u);
      const { out } = await fixture.run(['token', 'acme', '--account', 'bob@example.com', '--json']);
      assert.equal((JSON.parse(out) as Record<string, unknown>)['account'], 'bob@example.com');
    });

    it('if a renewal fails, by what becomes of the session', async () => {
      for (const [failure, name] of [
        [new Failure('network', 'ECONNREFUSED'), 'retrying'],
        [new Failure('session-ended', 'invalid_grant'), 'ended'],
      ] as const) {
        window.renew = () => Promise.reject(failure);
        const result = await fixture.run(['token', 'acme']);
        assertFails(result, name, new RegExp(`\\(SessionKeeper\\.${failure.category}\\)$`, 'u'));
      }
      window.renew = () => Promise.reject(new Error('SECRET-detail'));
      const { code, error } = await fixture.run(['token', 'acme']);
      assert.equal(code, EXIT_CODES['needs-attention']);
      assert.ok(!error.includes('SECRET'), error);
    });

    it('for a DPoP-bound token, except for headers', async () => {
      window.records = [{ ...SAMPLE, tokenType: 'DPoP', dpopKey: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' } }];
      for (const args of [
        ['token', 'acme'],
        ['kubectl', 'acme'],
        ['exec', 'acme', '--', 'true'],
      ]) {
        assertFails(await fixture.run(args), 'bound-token');
      }
      const { out } = await fixture.run(['headers', 'acme', '--url', 'https://api.example.com/a?b#c']);
      assert.equal(out, 'Authorization: DPoP SECRET-access\nDPoP: proof\n');
    });

    it('for invalid arguments, without asking a window', async () => {
      for (const args of [
        ['tokens', 'acme'],
        ['token'],
        ['token', 'acme', 'more'],
        ['token', 'acme', '--url', 'https://api.example.com'],
        ['token', 'acme', '--unknown'],
        ['token', 'acme', '--account'],
        ['token', 'acme', '--scope', ' '],
        ['token', 'acme', '--', 'true'],
        ['headers', 'acme'],
        ['exec', 'acme'],
        ['exec', 'acme', '--'],
        ['exec', 'acme', '--var', 'A=B', '--', 'true'],
        ['list', 'acme'],
        ['login'],
        ['git-credential', 'acme', 'get', 'more'],
      ]) {
        assertFails(await fixture.run(args), 'invalid-arguments', /session-keeper --help/u);
      }
      assert.deepEqual(window.log, []);
      assertFails(await fixture.run([]), 'invalid-arguments');
      assert.match((await fixture.run(['--help'])).out, /^Usage:\n {2}session-keeper token/u);
    });

    it('for a URL that tokens may not be sent to', async () => {
      for (const url of ['http://api.example.com', 'https://ada@api.example.com', 'ftp://api.example.com', 'x']) {
        assertFails(await fixture.run(['headers', 'acme', '--url', url]), 'invalid-request');
      }
      assert.equal(editor.messages.length, 0);
    });
  });

  describe('signs in', () => {
    beforeEach(() => {
      window.records = [];
      editor.respond = ({ buttons }) => buttons[0];
    });

    it('with --sign-in, after the user agrees, and then asks for access', async () => {
      window.signIn = () => {
        window.records = [{ ...SAMPLE }];
        return Promise.resolve(SAMPLE);
      };
      const { error, out } = await fixture.run(['token', 'acme', '--sign-in']);
      assert.equal(out, 'SECRET-access\n');
      assert.match(error, /Waiting for your sign-in.+\n.+Waiting for your permission/u);
      assert.deepEqual(
        editor.messages.map(({ text }) => text.slice(0, 65)),
        [
          'A program in the terminal requests that you sign in to Acme.',
          'A program in the terminal of "shop" requests access to Acme (ada@',
        ],
      );
    });

    it('with login, and returns no token', async () => {
      assert.equal((await fixture.run(['login', 'acme'])).out, 'ada@example.com\n');
      assert.deepEqual(window.used, []);
    });

    it('only if the user agrees', async () => {
      editor.respond = () => 'Deny';
      window.signIn = () => Promise.reject(new Error('The user did not agree.'));
      assertFails(await fixture.run(['login', 'acme']), 'denied');
      assertFails(await fixture.run(['token', 'acme', '--sign-in']), 'denied');
    });
  });

  describe('prints', () => {
    it('headers, a line each or as JSON', async () => {
      const args = ['headers', 'acme', '--url', 'https://api.example.com', '--method', 'POST'];
      assert.equal((await fixture.run(args)).out, 'Authorization: Bearer SECRET-access\n');
      assert.deepEqual(JSON.parse((await fixture.run([...args, '--json'])).out), {
        Authorization: 'Bearer SECRET-access',
      });
      assert.ok(window.log.some((line) => line.includes('(headers for https://api.example.com)')));
    });

    it('an ExecCredential with the expiry', async () => {
      const { out } = await fixture.run(['kubectl', 'acme']);
      const { apiVersion, kind, status } = JSON.parse(out) as Record<string, Record<string, string>>;
      assert.deepEqual([apiVersion, kind], ['client.authentication.k8s.io/v1', 'ExecCredential']);
      assert.equal(status?.['token'], 'SECRET-access');
      assert.match(status['expirationTimestamp'] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/u);
    });

    it('credentials for the git servers in the settings, and for no other server', async () => {
      const get = (attributes: string): Promise<CommandResult> =>
        fixture.run(['git-credential', 'acme', 'get'], { input: attributes });
      const { out } = await get('protocol=https\nhost=git.example.com\npath=a.git\n\n');
      assert.match(out, /^username=oauth2\npassword=SECRET-access\npassword_expiry_utc=\d+\n$/u);
      for (const attributes of [
        'protocol=https\nhost=evil.example\n\n',
        'protocol=http\nhost=git.example.com\n\n',
        'protocol=https\nhost=git.example.com:8443\n\n',
        'protocol=https\nhost=evil.example/@git.example.com\n\n',
        'protocol=https\nhost=git.example.com@evil.example\n\n',
        'protocol=ssh\nhost=git.example.com\n\n',
        'host=git.example.com\n\n',
        '',
      ]) {
        assert.deepEqual(await get(attributes), { code: 0, out: '', error: '' }, attributes);
      }
      for (const operation of ['store', 'erase', 'capability']) {
        const input = 'protocol=https\nhost=git.example.com\npassword=SECRET-access\n\n';
        const result = await fixture.run(['git-credential', 'acme', operation], { input });
        assert.deepEqual(result, { code: 0, out: '', error: '' });
      }
    });

    it('the sessions', async () => {
      const { out } = await fixture.run(['list']);
      assert.match(
        out,
        /^PROVIDER {2}LABEL {2}ACCOUNT +STATE +EXPIRES\nacme +Acme +ada@example\.com +signed-in +\d{4}-/u,
      );
      const { out: json } = await fixture.run(['list', '--json']);
      assert.ok(!json.includes('SECRET'));
      window.records = [];
      assert.match((await fixture.run(['list'])).out, /\nacme +Acme +- +signed-out +-\n$/u);
    });
  });

  describe('exec', () => {
    it('passes the token to the command only, with its arguments unchanged, and returns its exit code', async () => {
      const args = ['a b', '"c"', "d'e", '$HOME', '', '*', 'ä\\', '--', '--json'];
      const script = 'console.log(JSON.stringify([process.argv.slice(1), process.env.T])); process.exitCode = 7';
      const result = await fixture.run([
        'exec',
        'acme',
        '--var',
        'T',
        '--',
        process.execPath,
        '-e',
        script,
        '--',
        ...args,
      ]);
      assert.equal(result.code, 7);
      assert.deepEqual(JSON.parse(result.out), [args, 'SECRET-access']);
    });

    it('has the token in ACCESS_TOKEN by default, and passes on standard input', async () => {
      const result = await fixture.run(['exec', 'acme', '--', 'sh', '-c', 'cat; echo "$ACCESS_TOKEN"'], {
        input: 'in ',
      });
      assert.equal(result.out, 'in SECRET-access\n');
    });

    it("reports a command that doesn't exist or can't be run", async () => {
      assertFails(await fixture.run(['exec', 'acme', '--', 'no-such-command']), 'command-not-found');
      assertFails(await fixture.run(['exec', 'acme', '--', fixture.bin]), 'command-failed', /EACCES/u);
    });

    it('returns 128 plus the signal that ended the command, and starts no command without a token', async () => {
      assert.equal((await fixture.run(['exec', 'acme', '--', 'sh', '-c', 'kill -TERM $$'])).code, 143);
      window.records = [];
      assertFails(await fixture.run(['exec', 'acme', '--', 'sh', '-c', 'echo started']), 'signed-out');
    });
  });
});
