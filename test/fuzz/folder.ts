// Files in the folder that all windows share: from an earlier version, left by a crash, or put there by another program.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MINUTE } from '../../src/core/clock.ts';
import { providerAt } from '../support/fixtures.ts';
import { createTestWindow, grantFor, recordAt, type TestWindow } from '../support/testWindow.ts';
import { hostileText, mutated, mutatedText } from './inputs.ts';
import { METADATA } from './metadata.ts';
import { target } from './target.ts';

const ISSUER = 'https://id.example.com';
const NAMES = [
  's1.1.session',
  's1.2.session',
  's1.9007199254740992.session',
  's1.1.locked',
  's1.9007199254740992.locked',
  's1.1.released',
  's2.1.session',
  'activity',
  'marker.probe',
  'r1.revocation',
  'ending_s1_0_.0.claimed',
  'ending_s1_0_.snoozed',
  'x.pending',
  'x.callback',
];
const HEADER = {
  version: 1,
  providerId: 'acme',
  generation: 7,
  isComplete: true,
  inFlight: 7,
  sealed: { key: 'k', text: 'AAAA' },
  lastFailure: {
    generation: 7,
    at: 1,
    category: 'network',
    code: 'x',
    failures: 3,
    nextAttemptAt: 9e15,
    waitUntil: 9e15,
  },
};
/** One that is no newer than the session, and one that a later generation's window would have written. */
const HEADERS = [
  { ...HEADER, generation: 1, inFlight: 1, lastFailure: { ...HEADER.lastFailure, generation: 1 } },
  HEADER,
];
const TOMBSTONE = { version: 1, signedOutAt: 1, mac: { key: 'k', code: 'AAAA' } };
/** Of a process that has ended, of one that can't be asked, and of no process. */
const TOKENS = ['window-999', 'elsewhere-1', '["x",1,"/tmp/x",0]'];
const file = fc.tuple(
  fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...NAMES) }, hostileText),
  fc.oneof(
    ...HEADERS.flatMap((header) => [
      mutated(header).map((value) => JSON.stringify(value)),
      mutatedText(JSON.stringify(header)),
    ]),
    mutated(TOMBSTONE).map((value) => JSON.stringify(value)),
    ...TOKENS.map((token) => mutated({ token, name: 'process 1', since: 1 }).map((value) => JSON.stringify(value))),
    hostileText,
  ),
);

/**
 * How long a refresh that is due may take: a lock whose process can't be asked is respected for two minutes of looking, and
 * attempts to acquire it are some time apart.
 */
const REFRESH_LIMIT = 20 * MINUTE;

const responseTo = (input: Parameters<typeof fetch>[0]): unknown => {
  const url = input instanceof Request ? input.url : input.toString();
  return url.includes('.well-known')
    ? METADATA
    : url === METADATA['token_endpoint']
      ? { access_token: 'access-2', refresh_token: 'refresh-2', token_type: 'Bearer', expires_in: 3600 }
      : {};
};

/**
 * Whatever the folder contains, a session in SecretStorage stays there and is served, isn't signed out, and is
 * refreshed when that is due; at the latest after the next sign-in, if a file that can't be verified claims a newer one.
 */
export const folder = target('files in the shared folder', fc.array(file, { maxLength: 6 }), async (files) => {
  const testWindow = createTestWindow(ISSUER, { fetch: (input) => Promise.resolve(Response.json(responseTo(input))) });
  const { clock, sessionManager } = testWindow;
  const record = recordAt(ISSUER, clock.now());
  await testWindow.secretStorage.write(record);
  for (const [name, text] of files) {
    testWindow.folder.files.set(name, text);
  }
  testWindow.sessions.start();
  try {
    await Promise.all([sessionManager.ready(), clock.pass(MINUTE)]);
    const [[session]] = await Promise.all([sessionManager.getUsableSessions('acme', ['read']), clock.pass(MINUTE)]);
    assert.equal(session?.record.accessToken, record.accessToken);
    assert.ok(testWindow.stored()?.includes('refresh-1'), 'The session is missing from SecretStorage.');
    await waitForRefresh(testWindow);
    if (!isRefreshed(testWindow)) {
      assert.ok(claimsNewerSession(files), 'The session is not refreshed.');
      await signInAgain(testWindow);
      await waitForRefresh(testWindow);
      assert.ok(isRefreshed(testWindow), 'The session is not refreshed after a sign-in.');
    }
  } finally {
    testWindow.sessions.dispose();
  }
});

async function waitForRefresh(testWindow: TestWindow): Promise<void> {
  for (let waited = 0; waited < REFRESH_LIMIT && !isRefreshed(testWindow); waited += MINUTE) {
    await testWindow.clock.pass(MINUTE);
  }
}

const isRefreshed = (testWindow: TestWindow): boolean =>
  testWindow.record().accessToken === 'access-2' && testWindow.stored()?.includes('access-2') === true;

/** Whether a file claims a later generation, which holds up refreshes: another window may have used the refresh token. */
const claimsNewerSession = (files: readonly (readonly [string, string])[]): boolean =>
  files.some(([name, text]) => /^s1\.\d+\.session$/.test(name) && /"generation":\s*(?!1\b)[1-9]/.test(text));

async function signInAgain({ clock, sessionManager }: TestWindow): Promise<void> {
  const tokens = { accessToken: 'access-new', refreshToken: 'refresh-new' };
  await Promise.all([
    sessionManager.addSession(grantFor({ ...providerAt(ISSUER), scopes: ['read'] }, clock.now(), tokens)),
    clock.pass(MINUTE),
  ]);
}
