// The modules of sign-outs that the client starts: src/main/java/net/openid/conformance/openid/client/logout.
import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import { accepts, type Module } from './module.ts';
import type { RelyingParty } from './relyingParty.ts';

const provider = { signOutAtServer: 'return' } as const;

/** Asserts that nothing of a session is left, here or at the server. */
async function isOver(party: RelyingParty, id: string, atServer: Promise<unknown>): Promise<void> {
  assert.equal(await atServer, 'revoked');
  assert.equal(party.server.requestsTo('revoke').length, 2);
  assert.deepEqual([party.testWindow.liveSessions.get(id), party.testWindow.stored(id)], [undefined, undefined]);
}

/** A server that doesn't return the client's `state`: the session is over anyway, and the page shows that the response belongs to another sign-out. */
function strayed(name: string, about: string, change: (answer: URLSearchParams) => void): Module {
  return {
    name,
    about,
    provider,
    verdict: 'refuses',
    because:
      'The session is over here and at the server before the browser returns. A response without the `state` of the request is rejected with a page.',
    run: async (party) => {
      party.server.faults = { afterSignOut: change };
      const { session } = await party.signInWell();
      const { atServer, end, page } = await party.signOut(session);
      assert.deepEqual([page.status, /<h1>(.+)<\/h1>/.exec(page.html)?.[1]], [400, 'Not this sign-out']);
      await isOver(party, session.id, atServer);
      await party.testWindow.clock.pass(5 * MINUTE);
      assert.equal(await end, 'not-returned');
    },
  };
}

/** The modules, in the order of the list. */
export const LOGOUT_MODULES: readonly Module[] = [
  accepts(
    'oidcc-client-test-rp-init-logout',
    'redirects the browser after a sign-out, with the `state` of the request',
    {
      provider,
      run: async (party) => {
        const { session } = await party.signInWell();
        const { atServer, end, page } = await party.signOut(session);
        assert.match(page.html, /<h1>Signed out<\/h1>/);
        assert.equal(await end, 'returned');
        await isOver(party, session.id, atServer);
        const [asked] = party.server.requestsTo('end_session');
        assert.equal(asked?.parameters.get('id_token_hint'), session.idToken);
        assert.match(asked?.parameters.get('state') ?? '', /^[\w-]{43}$/);
      },
    },
  ),
  strayed(
    'oidcc-client-test-rp-init-logout-no-state',
    'redirects the browser after a sign-out without `state`',
    (answer) => answer.delete('state'),
  ),
  strayed(
    'oidcc-client-test-rp-init-logout-other-state',
    'redirects the browser after a sign-out with another `state`',
    (answer) => answer.set('state', `${answer.get('state') ?? ''}_INVALID`),
  ),
];
