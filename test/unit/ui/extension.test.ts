// The whole extension, as VS Code starts and stops it, with a real server and its own files.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as vscode from 'vscode';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { activate, deactivate } from '../../../src/extension.ts';
import { COMMANDS, PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { settle } from '../../support/fakeClock.ts';
import { fakeContext } from '../../support/fakeContext.ts';
import { editor } from '../../support/fakeEditor.ts';
import { FakeStore } from '../../support/fakeStore.ts';
import { recordAt } from '../../support/testWindow.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';

describe('the extension', () => {
  // What doesn't happen immediately happens after a minute at the earliest.
  const realNow = Date.now;
  let server: ScriptedServer;
  let folder: string;
  let store: FakeStore;
  let subscriptions: { dispose(): unknown }[];

  beforeEach(async () => {
    editor.reset();
    server = await ScriptedServer.start();
    server.onToken(rotatingTokens({ expires_in: 3600 }));
    folder = mkdtempSync(join(tmpdir(), 'sk-'));
    store = new FakeStore();
    subscriptions = [];
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: 'acme', label: 'Acme', issuer: server.issuer, clientId: 'editor', scopes: ['read'] },
    ]);
  });

  afterEach(async () => {
    await deactivate();
    subscriptions.forEach((one) => one.dispose());
    Date.now = realNow;
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Starts the extension with a session in the store. */
  const start = (more: Partial<SessionRecord> = {}): void => {
    const now = Date.now();
    const record = recordAt(server.issuer, now, {
      signedInAt: now - HOUR,
      tokensRequestedAt: now - MINUTE,
      accessExpiresAt: now + HOUR,
      origins: [],
      ...more,
    });
    store.secrets.set('session:s1', JSON.stringify(record));
    activate(fakeContext({ folder, store, subscriptions }));
  };
  const call = (method: string, ...values: readonly unknown[]): Promise<unknown> =>
    Promise.resolve(editor.providers.get('acme')?.provider[method]?.(...values));
  const tokensOf = (sessions: unknown): string[] =>
    (sessions as readonly vscode.AuthenticationSession[]).map(({ accessToken }) => accessToken);

  it('renews immediately when the window gets focus, for example after sleep', async () => {
    start();
    assert.deepEqual(tokensOf(await call('getSessions', ['read'])), ['access-1']);
    await settle();
    assert.equal(server.requestsTo('/token').length, 0);
    // The machine has slept: no timer has fired in the meantime.
    Date.now = () => realNow() + 58 * MINUTE;
    editor.focus(false);
    // Any earlier request arrives before the last of these.
    for (let time = 0; time < 5; time += 1) {
      await fetch(`${server.issuer}/jwks`);
    }
    assert.equal(server.requestsTo('/token').length, 0);
    editor.focus(true);
    await server.waitFor('/token');
    assert.equal(server.requestsTo('/token')[0]?.parameters.get('refresh_token'), 'refresh-1');
  });

  it('renews immediately if a changed setting requires it, and reports a problem with the setting', async () => {
    start({ tokensRequestedAt: Date.now() - 20 * MINUTE });
    await call('getSessions', ['read']);
    editor.configure(`${PREFIX}.${SETTINGS.refreshInterval}`, 1);
    await server.waitFor('/token');
    await settle();
    assert.deepEqual(
      editor.messages.map(({ text }) => text),
      ['"sessionKeeper.refreshInterval" must be 0 or between 5 and 10,080 minutes. Using 5 minutes.'],
    );
  });

  it("doesn't stop before the result of a pending renewal is stored", async () => {
    const answer = Promise.withResolvers<undefined>();
    const rotating = rotatingTokens({ expires_in: 3600 });
    server.onToken(async (request) => {
      await answer.promise;
      return rotating(request);
    });
    start({ accessExpiresAt: Date.now() + SECOND });
    await server.waitFor('/token');
    let isOver = false;
    const ending = deactivate().then(() => (isOver = true));
    await settle();
    assert.equal(isOver, false);
    answer.resolve(undefined);
    await ending;
    assert.match(store.secrets.get('session:s1') ?? '', /"refreshToken":"refresh-2"/);
  });

  it('stops immediately if nothing is pending', async () => {
    start();
    await call('getSessions', ['read']);
    const before = performance.now();
    await deactivate();
    assert.ok(performance.now() - before < SECOND);
  });

  it('answers a challenge right after its start', async () => {
    start({ tokensRequestedAt: Date.now() - 10 * MINUTE });
    const challenges = [{ scheme: 'Bearer', params: { error: 'invalid_token' } }];
    assert.deepEqual(tokensOf(await call('getSessionsFromChallenges', { challenges, fallbackScopes: ['read'] }, {})), [
      'access-2',
    ]);
    assert.equal(server.requestsTo('/token').length, 1);
  });

  it('shows in the status bar how long the session lasts, and reports a setting that is out of range', async () => {
    editor.configure(`${PREFIX}.${SETTINGS.refreshInterval}`, 3);
    start();
    await call('getSessions', ['read']);
    await settle();
    assert.match(
      editor.statusItems[0]?.text ?? '',
      /^\$\(pass\) Acme: renews in \d+ minutes|^\$\(sync~spin\) Acme: renewing…/,
    );
    assert.deepEqual(
      editor.messages.map(({ text }) => text),
      ['"sessionKeeper.refreshInterval" must be 0 or between 5 and 10,080 minutes. Using 5 minutes.'],
    );
  });

  it('warns about a session that ends soon, but not about one that had ended before the on-demand parts were loaded', async () => {
    const now = Date.now();
    const over = recordAt(server.issuer, now, {
      id: 's2',
      account: { id: 'person-2', label: 'Kim' },
      origins: [],
      signedInAt: now - 2 * HOUR,
      ended: { category: 'session-ended', code: 'invalid_grant', at: now - HOUR },
    });
    store.secrets.set('session:s2', JSON.stringify(over));
    start({ refreshToken: undefined, tokensRequestedAt: now - HOUR, accessExpiresAt: now + 5 * MINUTE });
    await call('getSessions', ['read']);
    const before = editor.progress.length;
    await editor.commands.get(COMMANDS.showLog)?.();
    while (editor.progress.length === 0) {
      await settle();
    }
    const [shown, ...others] = editor.progress.map(({ title }) => title);
    assert.match(shown ?? '', /\bSam\b/);
    assert.deepEqual([before, others], [0, []]);
  });

  it("reports that certificates aren't verified", async () => {
    editor.configure('http.proxyStrictSSL', false);
    start();
    await call('getSessions', ['read']);
    await editor.commands.get(COMMANDS.showLog)?.();
    while (editor.progress.length === 0) {
      await settle();
    }
    assert.match(editor.progress[0]?.title ?? '', /^TLS certificates aren't verified/);
  });
});
