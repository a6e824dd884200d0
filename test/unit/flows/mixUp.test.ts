// Sign-ins whose page belongs to a server other than the one that receives the code (RFC 9700 section 4.4).
import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import type { UnusualDestination } from '../../../src/protocol/destinations.ts';
import { rejectsWith } from '../../support/failures.ts';
import { GOOD_TOKENS, providerAt } from '../../support/fixtures.ts';
import { ScriptedServer } from '../../support/scriptedServer.ts';
import { SignInFixture } from '../../support/signInFixture.ts';

describe('A sign-in at a server that leads elsewhere', () => {
  let fixture: SignInFixture;
  let own: ScriptedServer;
  let bank: ScriptedServer;
  let caller: AbortController;

  beforeEach(async () => {
    fixture = new SignInFixture();
    caller = new AbortController();
    own = await ScriptedServer.start();
    bank = await ScriptedServer.start();
    own.onToken({ body: GOOD_TOKENS });
  });

  afterEach(async () => {
    caller.abort();
    await Promise.all([own.stop(), bank.stop()]);
  });

  const start = (method: 'loopback' | 'device' = 'loopback'): Promise<unknown> => {
    const signIn = fixture.signInService.signIn(
      {
        provider: providerAt(own.issuer),
        scopes: ['read'],
        method,
        deadline: 5 * MINUTE,
        signal: caller.signal,
      },
      (grant) => Promise.resolve(grant),
    );
    signIn.catch(() => {});
    return signIn;
  };

  it('is rejected before the browser opens when its page is at another provider', async () => {
    own.metadata['authorization_endpoint'] = `${bank.issuer}/authorize`;
    fixture.providers = [providerAt(own.issuer), providerAt(bank.issuer, { id: 'bank', label: 'Bank' })];
    const failure = await rejectsWith(start(), 'endpoint-conflict', 'endpoint-of-other-provider');
    assert.equal(failure.detail, `${new URL(bank.issuer).host} (Bank)`);
    assert.deepEqual([fixture.unseenAddresses, own.requestsTo('/token'), bank.requests], [0, [], []]);
  });

  it('is rejected before the code is shown when its verification URI is at another provider', async () => {
    own.metadata['device_authorization_endpoint'] = `${own.issuer}/device`;
    own.on('/device', {
      body: {
        device_code: 'device-1',
        user_code: 'ABCD',
        verification_uri: `${bank.issuer}/activate`,
        expires_in: 300,
        interval: 1,
      },
    });
    fixture.providers = [providerAt(own.issuer), providerAt(bank.issuer, { id: 'bank' })];
    await rejectsWith(start('device'), 'endpoint-conflict');
    assert.deepEqual(bank.requests, []);
  });

  it('asks, with both hosts, when its page is neither at the issuer nor at the token endpoint, and continues if the user agrees', async () => {
    own.metadata['authorization_endpoint'] = `${bank.issuer}/authorize`;
    const asked: UnusualDestination[] = [];
    fixture.confirmDestination = (destination) => {
      asked.push(destination);
      return false;
    };
    await rejectsWith(start(), 'canceled');
    assert.deepEqual(asked, [
      { issuer: own.issuer, pageHost: new URL(bank.issuer).host, tokenHost: new URL(own.issuer).host },
    ]);
    assert.equal(fixture.unseenAddresses, 0);
    fixture.confirmDestination = () => true;
    void start();
    assert.equal(new URL(await fixture.address()).origin, bank.issuer);
  });

  it('asks first whether to sign in to a provider that an extension declares, and opens nothing if the user disagrees', async () => {
    fixture.confirmDeclared = () => false;
    await rejectsWith(start(), 'canceled');
    assert.equal(fixture.unseenAddresses, 0);
    fixture.confirmDeclared = ({ issuer }) => issuer === own.issuer;
    void start();
    assert.equal(new URL(await fixture.address()).origin, own.issuer);
  });

  it("doesn't ask when the page is at the issuer", async () => {
    fixture.confirmDestination = () => assert.fail('asked');
    void start();
    assert.equal(new URL(await fixture.address()).origin, own.issuer);
  });

  describe('and its issuer in the response (RFC 9207)', () => {
    const answer = async (more: Readonly<Record<string, string>>): Promise<unknown> => {
      const signIn = start();
      const { searchParams } = new URL(await fixture.address());
      const callback = new URL(searchParams.get('redirect_uri') ?? '');
      callback.search = new URLSearchParams({
        code: 'code-1',
        state: searchParams.get('state') ?? '',
        ...more,
      }).toString();
      // The final page doesn't matter.
      fetch(callback).catch(() => {});
      return signIn;
    };

    it("is required once a server has sent it, although its metadata doesn't declare it", async () => {
      await answer({});
      await answer({ iss: own.issuer });
      assert.deepEqual([...fixture.issuersWithIss], [own.issuer]);
      const requests = own.requestsTo('/token').length;
      await rejectsWith(answer({}), 'untrusted-response', 'missing-issuer');
      assert.equal(own.requestsTo('/token').length, requests);
      await answer({ iss: own.issuer });
    });

    it("isn't required in an error, and isn't remembered from a rejected response", async () => {
      await rejectsWith(answer({ iss: bank.issuer }), 'untrusted-response', 'wrong-issuer');
      assert.deepEqual([...fixture.issuersWithIss], []);
      fixture.issuersWithIss.add(own.issuer);
      await rejectsWith(answer({ error: 'access_denied' }), 'denied');
    });
  });
});
