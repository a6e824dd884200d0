// The sessions that another extension gets for a resource server's challenge, through VS Code's API; and the tokens of a session.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { ACR_VALUES } from '../../tools/identityInteractions.ts';
import {
  configure,
  consumer,
  entry,
  eventually,
  issuer,
  control,
  type Consumer,
  type SessionWithExpiry,
} from './outside.ts';

const READ = ['openid', 'notes.read'];
const [, SECOND_FACTOR] = ACR_VALUES;

const claimsIn = (token: string | undefined): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString()) as Readonly<Record<string, unknown>>;

describe('step-up authentication', () => {
  let other: Consumer;

  before(async () => {
    other = await consumer();
    await control({ user: { kind: 'signIn', account: 'demo' }, policy: { honorsAcr: true } });
    await configure('providers', [
      entry({ id: 'vault', label: 'Vault', scopes: ['openid', 'profile', 'offline_access'] }),
    ]);
    await eventually('a user is signed in', async () =>
      other.getSession('vault', READ, { createIfNone: true, account: { id: 'demo', label: 'demo' } }),
    );
  });

  after(async () => {
    await control({ policy: { honorsAcr: true } });
    await configure('providers', [entry()]);
  });

  const challenge = (
    parameters: string,
    fallbackScopes: readonly string[] = READ,
  ): vscode.AuthenticationWwwAuthenticateRequest => ({
    wwwAuthenticate: `Bearer realm="notes", ${parameters}`,
    fallbackScopes,
  });
  const silently = async (
    wanted: readonly string[] | vscode.AuthenticationWwwAuthenticateRequest,
  ): Promise<SessionWithExpiry | undefined> => other.getSession('vault', wanted, { silent: true });
  const signIn = async (wanted: vscode.AuthenticationWwwAuthenticateRequest): Promise<SessionWithExpiry | undefined> =>
    other.getSession('vault', wanted, { createIfNone: true });
  async function latestRequest(): Promise<Readonly<Record<string, string>>> {
    return (await control()).journal.filter(({ path }) => path === '/auth').at(-1)?.parameters ?? {};
  }

  it('needs no sign-in if the session meets the challenge', async () => {
    const plain = await silently(READ);
    const session = await silently(challenge('error_description="x"'));
    assert.deepEqual([session?.id, session?.scopes], [plain?.id, READ]);
    assert.equal((await silently(challenge('scope="notes.read"', [])))?.id, plain?.id);
  });

  it('requests the required class for the same account if the session has a different one, and keeps the session', async () => {
    const before = await silently(READ);
    const wanted = challenge(`error="insufficient_user_authentication", acr_values="${SECOND_FACTOR}"`);
    const { length } = (await control()).journal;
    assert.equal(await silently(wanted), undefined);
    assert.equal((await control()).journal.length, length, 'a silent request sends nothing');
    const session = await signIn(wanted);
    assert.equal(session?.id, before?.id);
    assert.ok(session?.accessToken !== before?.accessToken);
    assert.equal(claimsIn(session?.idToken)['acr'], SECOND_FACTOR);
    const { acr_values: classes, login_hint: hint, scope } = await latestRequest();
    assert.deepEqual([classes, hint, scope?.includes('notes.read')], [SECOND_FACTOR, 'demo', true]);
    assert.equal((await other.getAccounts('vault')).length, 1);
  });

  it('needs no sign-in if another caller needs the same class', async () => {
    const { length } = (await control()).journal;
    const session = await signIn(
      challenge(`error="insufficient_user_authentication", acr_values="urn:acme:other ${SECOND_FACTOR}"`),
    );
    assert.equal(claimsIn(session?.idToken)['acr'], SECOND_FACTOR);
    assert.equal((await control()).journal.length, length);
  });

  it('signs in again if the last sign-in was too long ago', async () => {
    const wanted = challenge('error="insufficient_user_authentication", max_age="600"');
    assert.equal(await silently(wanted), undefined);
    const session = await signIn(wanted);
    assert.ok(Math.abs(Number(claimsIn(session?.idToken)['auth_time']) - Date.now() / 1000) < 60);
    assert.equal((await latestRequest())['max_age'], '600');
    assert.equal((await silently(wanted))?.id, session?.id);
  });

  it("creates a session if the challenge requires more scopes, and doesn't change the existing one", async () => {
    const before = await silently(READ);
    const wanted = challenge('error="insufficient_scope", scope="notes.write"');
    assert.equal(await silently(wanted), undefined);
    const session = await signIn(wanted);
    assert.ok(session !== undefined && session.id !== before?.id);
    assert.deepEqual([session.scopes, session.account], [[...READ, 'notes.write'], before?.account]);
    assert.equal((await silently(wanted))?.id, session.id);
    assert.equal((await silently(['notes.write', 'notes.read']))?.id, session.id);
    assert.equal(await silently(['openid', 'notes.write']), undefined);
    const after = await silently(READ);
    assert.equal(after?.id, before?.id);
    assert.ok(after?.accessToken === before?.accessToken);
    assert.equal((await control({ token: after?.accessToken ?? '' })).isActive, true);
    assert.equal((await other.getAccounts('vault')).length, 1);
  });

  it("rejects once, and keeps the session, if the server doesn't meet the challenge", async () => {
    await control({ policy: { honorsAcr: false } });
    const before = await silently(READ);
    const { length } = (await control()).journal;
    await assert.rejects(
      signIn(challenge('error="insufficient_user_authentication", acr_values="urn:acme:hardware"')),
      {
        name: 'SessionKeeper.step-up-failed',
        message: /Vault didn't provide the required level of authentication/,
      },
    );
    assert.equal((await control()).journal.slice(length).filter(({ path }) => path === '/auth').length, 1);
    const after = await silently(READ);
    assert.equal(after?.id, before?.id);
    assert.equal((await control({ token: after?.accessToken ?? '' })).isActive, true);
  });

  it("isn't attempted if the challenge is invalid", async () => {
    await assert.rejects(silently(challenge('error="insufficient_user_authentication", max_age="soon"')), {
      name: 'SessionKeeper.invalid-challenge',
      message: /invalid authentication challenge for Vault \(max_age\)/,
    });
  });

  it('renews once when a server rejects the token', async () => {
    const before = await silently(READ);
    const refusal = await fetch(`${issuer}/me`, { headers: { authorization: 'Bearer no-such-token' } });
    const wwwAuthenticate = refusal.headers.get('www-authenticate') ?? '';
    assert.match(wwwAuthenticate, /error="invalid_token"/);
    const wanted = { wwwAuthenticate, fallbackScopes: READ };
    // A new token can't be the rejected one.
    const session = await eventually(
      'another token',
      async () => {
        const found = await silently(wanted);
        return found?.accessToken !== before?.accessToken && found;
      },
      15_000,
    );
    assert.equal(session.id, before?.id);
    assert.ok((await silently(wanted))?.accessToken === session.accessToken);
    assert.equal((await control({ token: session.accessToken })).isActive, true);
  });

  describe('the tokens of a session', () => {
    it('have the ID token and the remaining lifetime when VS Code returns them', async () => {
      const session = await silently(READ);
      assert.equal(claimsIn(session?.idToken)['sub'], 'account-1001');
      assert.ok(session?.idToken !== session?.accessToken);
      assert.ok(
        session?.expiresAfter !== undefined && session.expiresAfter > 3_000_000 && session.expiresAfter <= 3_600_000,
      );
    });

    it('are the ID token, with its remaining lifetime, if the entry requires that', async () => {
      await configure('providers', [entry({ id: 'vault', label: 'Vault', sessionToken: 'id_token' })]);
      const session = await eventually('the entry has arrived', async () => {
        const found = await silently(READ);
        return found !== undefined && found.accessToken === found.idToken && found;
      });
      const { aud, exp, sub } = claimsIn(session.accessToken);
      assert.deepEqual([aud, sub], ['session-keeper-demo', 'account-1001']);
      assert.ok(session.expiresAfter !== undefined && session.expiresAfter <= Number(exp) * 1000 - Date.now() + 5000);
      const before = session.accessToken;
      // Two ID tokens of the same second are identical.
      const renewed = await eventually('another ID token', async () => {
        await vscode.commands.executeCommand('sessionKeeper.renewNow');
        const found = await silently(READ);
        return found?.accessToken !== before && found;
      });
      assert.ok(renewed.accessToken === renewed.idToken);
    });
  });
});
