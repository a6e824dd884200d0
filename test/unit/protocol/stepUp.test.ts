// Requesting and verifying a stronger or newer sign-in: OpenID Connect Core 3.1.2.1, RFC 9470.
import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import {
  createAuthorizationRequest,
  hintParameters,
  hintsAfterFailure,
  parseMaxAge,
  type AuthorizationHints,
} from '../../../src/protocol/authorize.ts';
import { requestDeviceCode, requestDeviceTokens } from '../../../src/protocol/device.ts';
import { exchangeCode } from '../../../src/protocol/exchange.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import { discovered, GOOD_TOKENS, REDIRECT_URI, transportWith } from '../../support/fixtures.ts';
import { Person } from '../../support/browserless.ts';
import { rejectsWith } from '../../support/failures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { ACR_VALUES } from '../../../tools/identityInteractions.ts';
import { demoClientId, startIdentityServer, type IdentityServer } from '../../../tools/identityServer.ts';

const transport = transportWith();
const { signal } = new AbortController();

describe('A step-up sign-in', () => {
  describe('at a real identity server', () => {
    let identity: IdentityServer;
    let person: Person;

    beforeEach(async () => {
      identity = await startIdentityServer();
      person = new Person();
    });

    afterEach(async () => {
      await identity.stop();
    });

    const signIn = async (hints: AuthorizationHints = {}): Promise<Tokens> => {
      const server = await discovered(identity.issuer, { clientId: demoClientId });
      const request = await createAuthorizationRequest(server, REDIRECT_URI, ['openid', 'offline_access'], hints);
      const answer = await person.authorize(request.url.href);
      return exchangeCode(server, request, answer.searchParams, transport, signal);
    };

    it('returns the requested class, with another sign-in when the previous one was weaker', async () => {
      await signIn();
      const logins = (): number => person.visited.filter((address) => address.includes('/interaction/')).length;
      const before = logins();
      const { claims } = await signIn({ acrValues: [ACR_VALUES[1], 'urn:acme:none'] });
      assert.equal(claims?.['acr'], ACR_VALUES[1]);
      assert.ok(logins() > before + 1, 'the user has signed in again');
    });

    it("returns its class when the server doesn't require one", async () => {
      identity.policy.honorsAcr = false;
      assert.equal((await signIn({ acrValues: [ACR_VALUES[1]] })).claims?.['acr'], ACR_VALUES[0]);
    });

    it('returns the time of the sign-in when a maximum age is requested', async () => {
      const { claims } = await signIn({ maxAge: 600 });
      assert.ok(claims?.auth_time !== undefined && Math.abs(claims.auth_time - Date.now() / SECOND) < 60);
    });
  });

  describe('at any server', () => {
    let server: ScriptedServer;

    beforeEach(async () => {
      server = await ScriptedServer.start();
    });

    afterEach(async () => {
      await server.stop();
    });

    const seconds = (): number => Math.floor(Date.now() / SECOND);

    it('is rejected when the sign-in is too old, and not reported as a wrong clock', async () => {
      const found = await discovered(server.issuer);
      const request = await createAuthorizationRequest(found, REDIRECT_URI, ['openid'], { maxAge: 300 });
      const asking = async (claims: Readonly<Record<string, unknown>>): Promise<Tokens> => {
        server.onToken({
          body: { ...GOOD_TOKENS, id_token: await server.idToken({ aud: 'editor', nonce: request.nonce, ...claims }) },
        });
        return exchangeCode(
          found,
          request,
          new URLSearchParams({ code: 'code-1', state: request.state }),
          transport,
          signal,
        );
      };
      assert.equal((await asking({ auth_time: seconds() - 290 })).claims?.sub, 'person-1');
      await rejectsWith(asking({ auth_time: seconds() - 340 }), 'step-up-failed', 'auth-too-old');
      await rejectsWith(asking({}), 'invalid-response');
    });

    it('requests the smaller maximum age of its own and of the entry', () => {
      assert.deepEqual(hintParameters({ maxAge: 600 }, { max_age: '60' }), { max_age: '60' });
      assert.deepEqual(hintParameters({ maxAge: 60 }, { max_age: '600' }), { max_age: '60' });
      assert.deepEqual(hintParameters({ maxAge: 0, acrValues: ['a', 'b'] }, {}), { max_age: '0', acr_values: 'a b' });
      assert.deepEqual(hintParameters({}, { max_age: '60' }), {});
      assert.deepEqual(['5', '0', '-1', '', undefined, null, '1e3'].map(parseMaxAge), [
        5,
        0,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
    });

    it('requests what the server required when it rejected the token', () => {
      assert.deepEqual(hintsAfterFailure(new Failure('policy', 'claims-challenge', { claims: '{"a":1}' })), {
        prompt: undefined,
        claims: '{"a":1}',
      });
      assert.deepEqual(hintsAfterFailure(new Failure('sign-in-needed', 'login_required')), {
        prompt: 'login',
        claims: undefined,
      });
    });

    it('works with the device flow, too, and checks the age when the server reports it', async () => {
      server.metadata['device_authorization_endpoint'] = `${server.issuer}/device`;
      server.on('/device', {
        body: {
          device_code: 'device-1',
          user_code: 'ABCD',
          verification_uri: `${server.issuer}/type`,
          expires_in: 600,
        },
      });
      const found = await discovered(server.issuer, { authorizationParameters: { max_age: '300' } });
      const code = await requestDeviceCode(found, ['openid'], transport, signal, {
        acrValues: ['mfa'],
        maxAge: 900,
        loginHint: 'sam',
      });
      const [{ parameters } = { parameters: new URLSearchParams() }] = server.requestsTo('/device');
      assert.deepEqual(
        ['acr_values', 'max_age', 'login_hint', 'scope'].map((name) => parameters.getAll(name).join()),
        ['mfa', '300', 'sam', 'openid'],
      );
      const asking = async (claims: Readonly<Record<string, unknown>>): Promise<Tokens> => {
        server.onToken({ body: { ...GOOD_TOKENS, id_token: await server.idToken({ aud: 'editor', ...claims }) } });
        return requestDeviceTokens(found, code, ['openid'], transport, signal);
      };
      assert.ok(await asking({ auth_time: seconds() - 290 }));
      assert.ok(await asking({}), "the grant doesn't define it");
      await rejectsWith(asking({ auth_time: seconds() - 340 }), 'step-up-failed', 'auth-too-old');
      server.date = () => Date.now() + 10 * MINUTE;
      await rejectsWith(asking({ auth_time: seconds() + 200 }), 'step-up-failed', 'auth-too-old');
    });
  });
});
