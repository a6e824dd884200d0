import assert from 'node:assert/strict';
import { Failure } from '../../../src/core/failure.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import { TokenClipboard } from '../../../src/integrations/tokenClipboard.ts';
import { TokenSource } from '../../../src/integrations/tokenSource.ts';
import type { SessionFilter } from '../../../src/sessions/sessionManager.ts';
import { live, SAMPLE } from '../../support/coreSamples.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { editor, env } from '../../support/fakeEditor.ts';

describe('copying an access token', () => {
  let clock: FakeClock;
  let settings: Settings;
  let sessions: SessionRecord[];
  let failure: Failure | undefined;
  let failures: unknown[];
  let log: string[];
  let clipboard: TokenClipboard;

  beforeEach(() => {
    editor.reset();
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: SAMPLE.providerId, label: 'Acme', issuer: SAMPLE.issuer, clientId: SAMPLE.clientId },
    ]);
    settings = new Settings(0);
    clock = new FakeClock();
    sessions = [{ ...SAMPLE, accessExpiresAt: clock.now() + HOUR }];
    failure = undefined;
    failures = [];
    log = [];
    const confirmed = new Set<string>();
    const record = (line: string): void => void log.push(line);
    clipboard = new TokenClipboard({
      clock,
      log: { trace: record, debug: record, info: record, warn: record, error: record },
      settings,
      sessionManager: { getActive: () => sessions.map((session) => live(session)) },
      tokenSource: new TokenSource({
        clock,
        settings,
        sessionManager: {
          getUsableSessions: (_id: string, _scopes: readonly string[], _account?: string, filter?: SessionFilter) =>
            failure === undefined
              ? Promise.resolve(sessions.filter((one) => filter?.(one) ?? true).map((one) => live(one)))
              : Promise.reject(failure),
        },
      }),
      confirmed: { has: (name) => confirmed.has(name), add: (name) => void confirmed.add(name) },
      reportFailure: (error) => void failures.push(error),
    });
    editor.respond = ({ buttons }) => buttons[0];
    editor.pick = ([first]) => first;
  });

  afterEach(() => {
    settings.dispose();
  });

  it('copies the token of the selected session', async () => {
    sessions.push({ ...SAMPLE, id: 'session-2', accessToken: 'SECRET-other', scopes: ['admin'] });
    editor.pick = (items) => items.find(({ detail }) => detail === 'Scopes: admin');
    await clipboard.copyAccessToken();
    assert.deepEqual(editor.clipboard, ['SECRET-other']);
  });

  it("asks for the session even if there's only one, because extensions and links can run commands", async () => {
    editor.pick = () => undefined;
    await clipboard.copyAccessToken();
    assert.deepEqual(editor.clipboard, []);
  });

  it('warns once, and copies nothing if the user cancels', async () => {
    editor.respond = () => undefined;
    await clipboard.copyAccessToken();
    assert.deepEqual(editor.clipboard, []);
    editor.respond = ({ buttons }) => buttons[0];
    await clipboard.copyAccessToken();
    await clipboard.copyAccessToken();
    assert.deepEqual(
      editor.messages.map(({ isModal }) => isModal),
      [true, true, false, false],
    );
  });

  it('shows how long the token is valid, and never shows or logs the token', async () => {
    await clipboard.copyAccessToken();
    const shown = editor.messages.at(-1)?.text ?? '';
    assert.match(shown, /^Token copied\. Expires at \d[^.]*\. Clipboard clears in one minute\.$/);
    // VS Code shows one line of a message without buttons, about 68 characters.
    assert.ok(shown.length <= 68, shown);
    assert.match(log.join(), /access token copied to the clipboard/);
    assert.ok(![...editor.messages.map(({ text }) => text), ...log].some((text) => text.includes('SECRET')));
  });

  it('shows how to use a curl option, and how long its token is valid', async () => {
    await clipboard.copyCurlHeader();
    const shown = editor.messages.at(-1)?.text ?? '';
    assert.match(shown, /^curl option copied\. Paste it after the command\. Expires at \d[^.]*\.$/);
    assert.ok(shown.length <= 68, shown);
  });

  it('copies a curl header that all shells read the same', async () => {
    await clipboard.copyCurlHeader();
    assert.deepEqual(editor.clipboard, ['-H "Authorization: Bearer SECRET-access"']);
  });

  for (const token of ['a"b$(id)', "it's", 'a`b', '%PATH%', 'a\\b', '!x']) {
    it(`copies ${token} for curl so that POSIX shells run no part of it`, async () => {
      sessions = sessions.map((session) => ({ ...session, accessToken: token }));
      await clipboard.copyCurlHeader();
      assert.deepEqual(editor.clipboard, [`-H 'Authorization: Bearer ${token.replaceAll("'", String.raw`'\''`)}'`]);
    });
  }

  it('clears the clipboard after a minute', async () => {
    await clipboard.copyAccessToken();
    await clock.advance(MINUTE - SECOND);
    assert.equal(editor.clipboard.at(-1), 'SECRET-access');
    await clock.advance(SECOND);
    assert.equal(editor.clipboard.at(-1), '');
  });

  it("logs that the clipboard couldn't be cleared if reading it isn't allowed", async () => {
    await clipboard.copyAccessToken();
    const { readText } = env.clipboard;
    env.clipboard.readText = () => Promise.reject(new Error('denied'));
    try {
      await clock.advance(2 * MINUTE);
    } finally {
      env.clipboard.readText = readText;
    }
    assert.match(log.join(), /Couldn't clear the clipboard\./);
  });

  it("doesn't clear what was copied since", async () => {
    await clipboard.copyAccessToken();
    editor.clipboard.push('something else');
    await clock.advance(2 * MINUTE);
    assert.equal(editor.clipboard.at(-1), 'something else');
  });

  it('clears the clipboard a minute after the last copy', async () => {
    await clipboard.copyAccessToken();
    await clock.advance(MINUTE - SECOND);
    await clipboard.copyAccessToken();
    await clock.advance(MINUTE - SECOND);
    assert.equal(editor.clipboard.at(-1), 'SECRET-access');
    await clock.advance(SECOND);
    assert.equal(editor.clipboard.at(-1), '');
  });

  it('clears the clipboard when the window closes', async () => {
    await clipboard.copyAccessToken();
    clipboard.dispose();
    await clock.advance(0);
    assert.equal(editor.clipboard.at(-1), '');
  });

  it('copies the ID token if the entry specifies that', async () => {
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: SAMPLE.providerId, issuer: SAMPLE.issuer, clientId: SAMPLE.clientId, sessionToken: 'id_token' },
    ]);
    await clipboard.copyAccessToken();
    assert.deepEqual(editor.clipboard, ['SECRET-id']);
  });

  it("reports why the token can't be renewed", async () => {
    failure = new Failure('network', 'ENOTFOUND');
    await clipboard.copyAccessToken();
    assert.deepEqual([failures, editor.clipboard], [[failure], []]);
  });

  it('reports that the user has signed out meanwhile', async () => {
    editor.pick = ([first]) => {
      sessions = [];
      return first;
    };
    await clipboard.copyAccessToken();
    assert.equal((failures[0] as Failure).category, 'signed-out');
  });

  it("doesn't offer DPoP-bound tokens, and shows why", async () => {
    sessions = sessions.map((session) => ({
      ...session,
      tokenType: 'DPoP',
      dpopKey: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' },
    }));
    await clipboard.copyAccessToken();
    assert.match(editor.messages[0]?.text ?? '', /DPoP/);
    sessions = [];
    await clipboard.copyAccessToken();
    assert.match(editor.messages[1]?.text ?? '', /^You're not signed in\./);
  });
});
