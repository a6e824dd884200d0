import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ChallengeSessions } from '../../../src/sessions/challengeSessions.ts';
import { signInHintsFor } from '../../../src/auth/signInHints.ts';
import { parseRequirements } from '../../../src/core/challenge.ts';
import { HOUR } from '../../../src/core/clock.ts';
import type { Provider } from '../../../src/core/provider.ts';
import { scopesToRequest } from '../../../src/core/scopes.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import { canResume } from '../../../src/core/resumedSessions.ts';
import { providerAt } from '../../support/fixtures.ts';
import { createTestWindow, grantFor, recordAt, seedSession, type TestWindow } from '../../support/testWindow.ts';

const ISSUER = 'https://id.example.com';
const IDENTITY = ['openid', 'profile', 'email', 'offline_access'];
const PERMISSIONS = ['read', 'write', 'admin'];

/** A window with sign-ins requested by other extensions. Each token has the scopes that its sign-in requested. */
class Callers {
  readonly window: TestWindow;
  readonly #provider: Provider;
  readonly #challenges: ChallengeSessions;
  #count = 0;

  constructor(entry: Partial<Provider> = {}) {
    this.#provider = providerAt(ISSUER, { scopes: ['openid'], ...entry });
    this.window = createTestWindow(ISSUER, { providers: [this.#provider] });
    const { clock, sessionManager, tokenRefresher } = this.window;
    this.#challenges = new ChallengeSessions({ clock, sessionManager, tokenRefresher });
  }

  /** Returns what a caller gets without user interaction. */
  async request(scopes: readonly string[], account?: string): Promise<SessionRecord[]> {
    const sessions = await this.window.sessionManager.getUsableSessions('acme', scopes, account);
    return sessions.map(({ record }) => record);
  }

  /** Returns what a caller gets for a challenge. */
  async challenge(scope: string, fallbackScopes: readonly string[]): Promise<readonly [string[], SessionRecord[]]> {
    const challenge = { scheme: 'Bearer', params: { error: 'insufficient_scope', scope } };
    const requirements = parseRequirements({ challenges: [challenge], fallbackScopes });
    const sessions = await this.#challenges.find('acme', requirements);
    return [[...requirements.scopes], sessions.map(({ record }) => record)];
  }

  /** Returns what a caller gets with a sign-in, for the scopes that the sign-in controller requests. */
  async signIn(scopes: readonly string[], account = 'person-1', granted?: readonly string[]): Promise<SessionRecord> {
    const { clock, sessionManager } = this.window;
    const wanted = scopesToRequest(scopes, this.#provider.scopes);
    const known = { id: account, label: account };
    const { resumeSessionId } = signInHintsFor(sessionManager, 'acme', scopes, known, () => false);
    const resumed = sessionManager.getAll('acme').find(({ record }) => record.id === resumeSessionId)?.record;
    const isResumed = resumed !== undefined && canResume(resumed, wanted, this.#provider);
    const requested = isResumed ? [...new Set([...resumed.scopes, ...wanted])] : wanted;
    const now = clock.now();
    const token = `${requested.join(' ')} (${(this.#count += 1)})`;
    const tokens = {
      accessToken: token,
      refreshToken: `refresh-${this.#count}`,
      accessExpiresAt: now + HOUR,
      ...(granted === undefined ? {} : { scopes: [...granted] }),
    };
    return sessionManager.addSession(
      { ...grantFor(this.#provider, now, tokens, known), scopes: requested },
      isResumed ? { resumeSessionId, wanted } : {},
    );
  }
}

describe('Least privilege', () => {
  const anyOf = (...words: readonly string[]): fc.Arbitrary<string[]> => fc.subarray([...words]);
  const someScopes = anyOf(...IDENTITY, ...PERMISSIONS);
  const step = fc.oneof(
    fc.record({ kind: fc.constant('sign-in' as const), scopes: someScopes, account: fc.constantFrom('a', 'b') }),
    fc.record({
      kind: fc.constant('request' as const),
      scopes: someScopes,
      account: fc.constantFrom('a', 'b', undefined),
    }),
    fc.record({ kind: fc.constant('challenge' as const), scopes: someScopes, scope: fc.constantFrom(...PERMISSIONS) }),
    fc.record({ kind: fc.constant('end' as const), nth: fc.nat(3) }),
  );

  it('never gives a caller a token whose requested scopes exceed both the request and the entry', async () => {
    const check = async (
      steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
      configured: string[],
      granted: string[] | undefined,
    ): Promise<void> => {
      const callers = new Callers({ scopes: configured });
      const assertNarrow = (requested: readonly string[], records: readonly SessionRecord[]): void => {
        for (const { accessToken } of records) {
          // The scopes are read from the token rather than from a record, which could be wrong.
          const permissions = accessToken
            .replace(/ ?\(.*/, '')
            .split(' ')
            .filter((one) => PERMISSIONS.includes(one));
          const isWithin = (limit: readonly string[]): boolean => permissions.every((one) => limit.includes(one));
          assert.ok(
            isWithin(requested) || isWithin(configured),
            `"${requested.join(' ')}" got "${accessToken}" with "${configured.join(' ')}" configured`,
          );
          assert.ok(requested.every((one) => accessToken.includes(one)));
        }
      };
      for (const one of steps) {
        const sessions = callers.window.liveSessions.all();
        const before = new Map(sessions.map(({ record }) => [record.id, record] as const));
        switch (one.kind) {
          case 'sign-in': {
            const record = await callers.signIn(one.scopes, one.account, granted);
            assertNarrow(one.scopes, [record]);
            const others = [...before.values()].filter(({ id, ended }) => id !== record.id && ended === undefined);
            const kept = others.filter(({ id }) => callers.window.liveSessions.get(id)?.record === before.get(id));
            assert.equal(kept.length, others.length, "signing in doesn't change the other sessions");
            break;
          }
          case 'request':
            assertNarrow(one.scopes, await callers.request(one.scopes, one.account));
            break;
          case 'challenge':
            assertNarrow(...(await callers.challenge(one.scope, one.scopes)));
            break;
          case 'end': {
            const record = [...before.values()][one.nth];
            const ended = { at: callers.window.clock.now(), category: 'session-ended', code: 'invalid_grant' };
            if (record !== undefined) {
              callers.window.liveSessions.set({ ...record, ended });
            }
          }
        }
      }
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        someScopes,
        fc.option(anyOf(...PERMISSIONS), { nil: undefined }),
        check,
      ),
      { seed: 20_300_101, numRuns: 200 },
    );
  });

  it('creates a separate session with its own refresh token for a sign-in with more scopes', async () => {
    const callers = new Callers();
    const first = await callers.signIn(['read']);
    const second = await callers.signIn(['read', 'write']);
    assert.notEqual(second.id, first.id);
    assert.notEqual(second.refreshToken, first.refreshToken);
    assert.deepEqual(second.account, first.account);
    assert.deepEqual(callers.window.record(first.id), first);
    assert.deepEqual(await callers.request(['read']), [first]);
    assert.deepEqual(await callers.request(['write', 'read', 'read']), [second]);
    assert.deepEqual([await callers.request([]), await callers.request(['write'])], [[], []]);
  });

  it('serves all callers within the configured scopes with one session', async () => {
    const callers = new Callers({ scopes: ['openid', 'read', 'write'] });
    const session = await callers.signIn([]);
    for (const scopes of [[], ['read'], ['write'], ['openid', 'write', 'read']]) {
      assert.deepEqual(await callers.request(scopes), [session]);
    }
    assert.deepEqual(await callers.request(['read', 'admin']), []);
  });

  it('prefers the session with the configured scopes when no scopes are requested', async () => {
    const callers = new Callers({ scopes: ['openid', 'read', 'write'] });
    const configured = await callers.signIn([]);
    await callers.window.clock.pass(1000);
    const narrow = recordAt(ISSUER, callers.window.clock.now(), {
      scopes: ['openid', 'read'],
      account: configured.account,
    });
    await seedSession(callers.window, narrow);
    assert.deepEqual(
      (await callers.request([])).map(({ id }) => id),
      [configured.id],
    );
    assert.deepEqual(
      (await callers.request(['read'])).map(({ id }) => id),
      ['s1'],
    );
  });

  it('keeps the session when the scopes differ only in identity scopes, and keeps those', async () => {
    const callers = new Callers();
    const first = await callers.signIn(['read', 'email']);
    const again = await callers.signIn(['offline_access', 'read']);
    assert.deepEqual([again.id, [...again.scopes].sort()], [first.id, ['email', 'offline_access', 'openid', 'read']]);
  });

  it('keeps serving the caller when the server grants more or less than requested', async () => {
    for (const granted of [['read', 'admin'], ['admin'], []]) {
      const callers = new Callers();
      const session = await callers.signIn(['read'], 'person-1', granted);
      assert.deepEqual(await callers.request(['read']), [session]);
      assert.deepEqual(await callers.request(['read', 'admin']), []);
    }
  });

  it("meets a challenge with a separate session, and doesn't change that of other callers", async () => {
    const callers = new Callers();
    const shared = await callers.signIn(['read']);
    const [required, found] = await callers.challenge('admin', ['read']);
    assert.deepEqual([required, found], [['read', 'admin'], []]);
    const own = await callers.signIn(required);
    assert.notEqual(own.id, shared.id);
    assert.deepEqual((await callers.challenge('admin', ['read']))[1], [own]);
    assert.deepEqual(await callers.request(['read']), [shared]);
  });

  it("extends the account's only session when the entry combines scopes", async () => {
    const callers = new Callers({ combineScopes: true });
    const first = await callers.signIn(['read']);
    const second = await callers.signIn(['write']);
    assert.deepEqual([second.id, [...second.scopes].sort()], [first.id, ['openid', 'read', 'write']]);
    assert.deepEqual(await callers.request(['read']), [second]);
    assert.deepEqual(await callers.request([]), [second]);
  });
});
