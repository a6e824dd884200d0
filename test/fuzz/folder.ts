// Files in the folder that all windows share: from an earlier version, left by a crash, or put there by another program.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MINUTE } from '../../src/core/clock.ts';
import { createTestWindow, recordAt } from '../support/testWindow.ts';
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
const file = fc.tuple(
  fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...NAMES) }, hostileText),
  fc.oneof(
    mutated(HEADER).map((value) => JSON.stringify(value)),
    mutatedText(JSON.stringify(HEADER)),
    mutated({ token: '["x",1,"/tmp/x",0]', name: 'process 1', since: 1 }).map((value) => JSON.stringify(value)),
    hostileText,
  ),
);

const isMetadataRequest = (input: Parameters<typeof fetch>[0]): boolean =>
  (input instanceof Request ? input.url : input.toString()).includes('.well-known');

/** A session in SecretStorage stays there and is served, whatever the folder contains. */
export const folder = target('files in the shared folder', fc.array(file, { maxLength: 6 }), async (files) => {
  const testWindow = createTestWindow(ISSUER, {
    fetch: (input) => Promise.resolve(Response.json(isMetadataRequest(input) ? METADATA : {})),
  });
  const record = recordAt(ISSUER, testWindow.clock.now());
  await testWindow.secretStorage.write(record);
  for (const [name, text] of files) {
    // A forged sign-out is tested elsewhere.
    if (!text.includes('signedOutAt')) {
      testWindow.folder.files.set(name, text);
    }
  }
  testWindow.sessions.start();
  try {
    await Promise.all([testWindow.sessionManager.ready(), testWindow.clock.pass(MINUTE)]);
    const [[session]] = await Promise.all([
      testWindow.sessionManager.getUsableSessions('acme', ['read']),
      testWindow.clock.pass(MINUTE),
    ]);
    assert.equal(session?.record.accessToken, record.accessToken);
    assert.ok(testWindow.stored()?.includes('refresh-1'), 'The session is missing from SecretStorage.');
  } finally {
    testWindow.sessions.dispose();
  }
});
