import assert from 'node:assert/strict';
import { Failure } from '../../../src/core/failure.ts';
import { HOUR } from '../../../src/core/clock.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import { GitCredentials } from '../../../src/integrations/gitCredentials.ts';
import { TokenSource } from '../../../src/integrations/tokenSource.ts';
import { live, SAMPLE } from '../../support/coreSamples.ts';
import { FakeClock, settle } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';

interface Credentials {
  readonly username: string;
  readonly password: string;
}
type GetCredentials = (host: { toString(): string }) => Promise<Credentials | undefined>;

const NO_CREDENTIALS = { username: 'oauth2', password: '' };

describe('Git credentials', () => {
  let settings: Settings;
  let sessions: SessionRecord[];
  let failure: Failure | undefined;
  let failures: unknown[];
  let signIns: string[];
  let log: string[];
  let registered: GetCredentials[];
  let isEnabled: boolean;
  let enablement: ((isEnabled: boolean) => void)[];
  let credentials: GitCredentials;

  const configure = (...entries: readonly object[]): void =>
    editor.configure(
      `${PREFIX}.${SETTINGS.providers}`,
      entries.map((entry) => ({
        id: SAMPLE.providerId,
        label: 'Acme',
        issuer: SAMPLE.issuer,
        clientId: SAMPLE.clientId,
        ...entry,
      })),
    );
  const get = async (host: string): Promise<Credentials | undefined> => {
    await settle();
    return registered[0]?.({ toString: () => host });
  };

  beforeEach(() => {
    editor.reset();
    configure({ git: ['https://git.example.com', 'http://127.0.0.1:3000'] });
    registered = [];
    [isEnabled, enablement] = [true, []];
    editor.extensions.push({
      id: 'vscode.git',
      packageJSON: {},
      exports: {
        get enabled() {
          return isEnabled;
        },
        onDidChangeEnablement: (listener: (isEnabled: boolean) => void) => {
          enablement.push(listener);
          return { dispose: () => void enablement.splice(enablement.indexOf(listener), 1) };
        },
        getAPI: () => {
          assert.ok(isEnabled, 'Git model not found');
          return {
            registerCredentialsProvider: (provider: { getCredentials: GetCredentials }) => {
              registered.push(provider.getCredentials);
              return { dispose: () => void registered.pop() };
            },
          };
        },
      },
    });
    settings = new Settings(0);
    const clock = new FakeClock();
    sessions = [{ ...SAMPLE, accessExpiresAt: clock.now() + HOUR }];
    [failure, failures, signIns, log] = [undefined, [], [], []];
    const record = (line: string): void => void log.push(line);
    credentials = new GitCredentials({
      log: { trace: record, debug: record, info: record, warn: record, error: record },
      settings,
      tokenSource: new TokenSource({
        clock,
        settings,
        sessionManager: {
          getUsableSessions: (id: string) =>
            failure === undefined
              ? Promise.resolve(sessions.filter(({ providerId }) => providerId === id).map((one) => live(one)))
              : Promise.reject(failure),
        },
      }),
      signIn: ({ id }) => Promise.resolve(void signIns.push(id)),
      reportFailure: (error) => void failures.push(error),
    });
    credentials.update();
  });

  afterEach(() => {
    credentials.dispose();
    settings.dispose();
  });

  it('are the access token for the servers that the entry lists', async () => {
    for (const host of ['https://git.example.com', 'https://git.example.com/', 'http://127.0.0.1:3000']) {
      assert.deepEqual(await get(host), { username: 'oauth2', password: 'SECRET-access' }, host);
    }
    assert.match(log.join('\n'), /access token used by Git for https:\/\/git\.example\.com\./);
    assert.ok(!log.join().includes('SECRET'));
  });

  for (const host of [
    'http://git.example.com',
    'https://git.example.com:8443',
    'https://git.example.com.evil.example',
    'https://evil.example/git.example.com',
    'https://git.example.com@evil.example',
    'ssh://git.example.com',
    'http://127.0.0.1:3001',
    'not a URL',
  ]) {
    it(`aren't provided for ${host}, so that VS Code handles it as usual`, async () => {
      assert.equal(await get(host), undefined);
    });
  }

  it("are provided for a URL with a user name, which isn't part of the origin", async () => {
    assert.equal((await get('https://ada@git.example.com'))?.password, 'SECRET-access');
  });

  it('belong to the first entry that lists the server', async () => {
    sessions.push({ ...SAMPLE, id: 'other', providerId: 'other', accessToken: 'SECRET-other' });
    const git = ['https://git.example.com'];
    configure({ id: 'other', git }, { git });
    assert.equal((await get('https://git.example.com'))?.password, 'SECRET-other');
  });

  it('make Git fail without asking for a password if no user is signed in, with one notification to sign in', async () => {
    sessions = [];
    editor.respond = ({ buttons }) => buttons[0];
    assert.deepEqual(await get('https://git.example.com'), NO_CREDENTIALS);
    assert.deepEqual(await get('https://git.example.com'), NO_CREDENTIALS);
    await settle();
    assert.deepEqual(
      editor.messages.map(({ text, buttons }) => [text, ...buttons]),
      [["Couldn't authenticate to git.example.com. Sign in to Acme and try again.", 'Sign In']],
    );
    assert.deepEqual(signIns, ['acme']);
    assert.match(log.join(), /Couldn't authenticate Git to https:\/\/git\.example\.com: signed out/);
  });

  it('show the notification again if Git was authenticated in between', async () => {
    const [signedIn] = [sessions];
    sessions = [];
    await get('https://git.example.com');
    sessions = signedIn;
    assert.equal((await get('https://git.example.com'))?.password, 'SECRET-access');
    sessions = [];
    await get('https://git.example.com');
    assert.equal(editor.messages.length, 2);
  });

  it("make Git fail if the token can't be renewed, and report why", async () => {
    failure = new Failure('network', 'ENOTFOUND');
    assert.deepEqual(await get('https://git.example.com'), NO_CREDENTIALS);
    assert.deepEqual(failures, [failure]);
    assert.match(log.join(), /Couldn't authenticate Git to https:\/\/git\.example\.com: network/);
  });

  it("don't contain DPoP-bound tokens", async () => {
    sessions = sessions.map((one) => ({
      ...one,
      tokenType: 'DPoP',
      dpopKey: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' },
    }));
    assert.deepEqual(await get('https://git.example.com'), NO_CREDENTIALS);
    assert.match(editor.messages[0]?.text ?? '', /DPoP/);
  });

  it('belong to the account that the user selects once per server', async () => {
    sessions.push({ ...SAMPLE, id: 'second', account: { id: '2', label: 'grace' }, accessToken: 'SECRET-grace' });
    let questions = 0;
    editor.pick = (items) => {
      questions += 1;
      return items.find(({ label }) => label === 'grace');
    };
    assert.equal((await get('https://git.example.com'))?.password, 'SECRET-grace');
    assert.equal((await get('https://git.example.com'))?.password, 'SECRET-grace');
    assert.equal(questions, 1);
    editor.pick = () => undefined;
    assert.deepEqual(await get('http://127.0.0.1:3000'), NO_CREDENTIALS);
    assert.deepEqual(editor.messages, []);
  });

  it('are registered only while an entry lists a server', async () => {
    await settle();
    assert.equal(registered.length, 1);
    credentials.update();
    await settle();
    assert.equal(registered.length, 1);
    configure({});
    credentials.update();
    await settle();
    assert.equal(registered.length, 0);
    configure({ git: ['https://git.example.com'] });
    credentials.update();
    await settle();
    assert.equal(registered.length, 1);
  });

  it("aren't registered if the Git extension is missing", async () => {
    credentials.dispose();
    await settle();
    editor.extensions.length = 0;
    credentials.update();
    await settle();
    assert.equal(registered.length, 0);
    assert.match(log.join(), /VS Code's Git extension isn't available/);
  });

  it('are registered when the Git extension is turned on', async () => {
    credentials.dispose();
    await settle();
    isEnabled = false;
    credentials.update();
    await settle();
    assert.equal(registered.length, 0);
    assert.match(log.join(), /VS Code's Git extension isn't available/);
    // As in VS Code, the API is available only after the event.
    enablement.forEach((listener) => listener(true));
    isEnabled = true;
    await settle();
    assert.equal(registered.length, 1);
    credentials.dispose();
    await settle();
    assert.deepEqual([registered.length, enablement.length], [0, 0]);
  });
});
