import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { CATEGORIES } from '../../../src/core/failurePolicies.ts';
import { refreshDueAt } from '../../../src/core/lifetime.ts';
import { configuredProviderOf } from '../../../src/core/serverIdentity.ts';
import {
  END_SOURCES,
  EXPIRY_SOURCES,
  RECORD_VERSION,
  clockSetBackSince,
  formatRecord,
  isNewer,
  tokenLifetimes,
  parseRecord,
  type SessionRecord,
  selectToken,
} from '../../../src/core/session.ts';
import type { Endpoints } from '../../../src/core/provider.ts';
import { SAMPLE, SIGNED_IN_AT as T, UNRENEWABLE, USUAL, without } from '../../support/coreSamples.ts';
import { holds } from '../../support/seeded.ts';

const word = fc.string({ minLength: 1 });
const time = fc.integer({ min: 0, max: 8e15 });
const anyRecord = fc.record(
  {
    version: fc.constant(RECORD_VERSION),
    id: fc.uuid(),
    providerId: word,
    issuer: word,
    clientId: word,
    origins: fc.array(word),
    account: fc.record({ id: word, label: word }, { noNullPrototype: true }),
    subject: word,
    scopes: fc.array(word),
    tokenType: word,
    accessToken: word,
    refreshToken: word,
    idToken: word,
    generation: fc.integer({ min: 1 }),
    isComplete: fc.boolean(),
    signedInAt: time,
    tokensRequestedAt: time,
    skew: fc.integer({ min: -HOUR, max: HOUR }),
    accessExpiresAt: time,
    expirySource: fc.constantFrom(...EXPIRY_SOURCES),
    sessionEndsAt: time,
    sessionEndSource: fc.constantFrom(...END_SOURCES),
    sessionEndIsFixed: fc.boolean(),
    ended: fc.record({ at: time, category: fc.constantFrom(...CATEGORIES), code: word }, { noNullPrototype: true }),
  },
  {
    requiredKeys: [
      'version',
      'id',
      'providerId',
      'issuer',
      'clientId',
      'account',
      'scopes',
      'tokenType',
      'accessToken',
      'generation',
      'isComplete',
      'signedInAt',
      'tokensRequestedAt',
      'expirySource',
    ],
    noNullPrototype: true,
  },
);

/** Why a stored value can't be read. Fails if it can. */
function reasonOf(stored: unknown): string {
  const parsed = parseRecord(typeof stored === 'string' ? stored : JSON.stringify(stored));
  assert.equal(parsed.kind, 'unreadable');
  return parsed.reason;
}

describe('A stored session', () => {
  it('is read as it was written', () => {
    assert.deepEqual(parseRecord(formatRecord(SAMPLE)), { kind: 'record', record: SAMPLE });
    assert.deepEqual(parseRecord(formatRecord(UNRENEWABLE)), { kind: 'record', record: UNRENEWABLE });
  });

  it('is read as it was written, whatever its tokens and names contain', () => {
    holds(
      fc.property(anyRecord, (record) => {
        assert.deepEqual(parseRecord(formatRecord(record)), { kind: 'record', record });
      }),
    );
  });

  describe('when invalid', () => {
    for (const stored of ['', 'null', '7', '"text"', '[]', '{']) {
      it(`is reported and doesn't throw: ${stored === '' ? '(nothing)' : stored}`, () => {
        assert.ok(reasonOf(stored) !== '');
      });
    }

    it("is reported when it's truncated anywhere", () => {
      const stored = formatRecord(SAMPLE);
      for (let length = 0; length < stored.length; length += 1) {
        assert.equal(reasonOf(stored.slice(0, length)), 'not JSON');
      }
    });

    it('is reported when a field is missing', () => {
      for (const field of [
        'id',
        'providerId',
        'issuer',
        'clientId',
        'account',
        'scopes',
        'tokenType',
        'accessToken',
        'generation',
        'isComplete',
        'tokensRequestedAt',
      ] as const) {
        assert.equal(reasonOf(without(SAMPLE, field)), `field "${field}" is missing or wrong`);
      }
    });

    for (const [what, change, field] of [
      ['an invalid version', { version: '1' }, 'version'],
      ['a version before the first', { version: 0 }, 'version'],
      ['a version between two', { version: 1.5 }, 'version'],
      ['no version', { version: undefined }, 'version'],
      ['an isComplete that is a string', { isComplete: 'yes' }, 'isComplete'],
      ['an ID that is not a file name', { id: '../x' }, 'id'],
      ['an empty access token', { accessToken: '' }, 'accessToken'],
      ['a refresh token that is null', { refreshToken: null }, 'refreshToken'],
      ['an account without a label', { account: { id: 'a' } }, 'account.label'],
      ['a scope that is not a string', { scopes: ['a', 7] }, 'scopes.1'],
      ['a generation of 0', { generation: 0 }, 'generation'],
      ['a skew that is a string', { skew: 'an hour' }, 'skew'],
      ['a time that is a string', { tokensRequestedAt: '2030-01-01' }, 'tokensRequestedAt'],
      ['an unknown expiry source', { expirySource: 'guessed' }, 'expirySource'],
      ['an end without a code', { ended: { at: 1, category: 'network' } }, 'ended.code'],
    ] as const) {
      it(`is reported with ${what}, and the reason names the field`, () => {
        assert.equal(reasonOf({ ...SAMPLE, ...change }), `field "${field}" is missing or wrong`);
      });
    }

    it('is never quoted in the reason, so that no token gets into a message', () => {
      holds(
        fc.property(anyRecord, fc.string({ minLength: 8 }), fc.jsonValue(), fc.nat(), (record, secret, value, seed) => {
          const marked = `SECRET-${secret}`;
          const whole: Record<string, unknown> = {
            ...record,
            accessToken: marked,
            refreshToken: marked,
            idToken: marked,
            [marked]: marked,
          };
          const fields = Object.keys(record);
          const broken = { ...whole, [fields[seed % fields.length] ?? 'id']: value };
          for (const stored of [
            JSON.stringify(broken),
            JSON.stringify(whole).slice(0, -1 - (seed % 40)),
            marked,
            JSON.stringify(marked),
          ]) {
            const parsed = parseRecord(stored);
            if (parsed.kind === 'unreadable') {
              assert.ok(!parsed.reason.includes('SECRET'));
              assert.match(parsed.reason, /^(?:not JSON|not a session|field "[A-Za-z0-9.]+" is missing or wrong)$/);
            }
          }
        }),
      );
    });

    it('never makes the parser throw', () => {
      holds(
        fc.property(fc.oneof(fc.string(), fc.json()), (stored) => {
          assert.ok(['record', 'newer', 'unreadable'].includes(parseRecord(stored).kind));
        }),
      );
    });
  });

  describe('of a later version', () => {
    it("is distinguished from an invalid one, so that it isn't changed", () => {
      assert.deepEqual(parseRecord(JSON.stringify({ version: RECORD_VERSION + 1 })), {
        kind: 'newer',
        version: RECORD_VERSION + 1,
      });
      assert.deepEqual(parseRecord(JSON.stringify({ ...SAMPLE, version: 40, accessToken: { sealed: true } })), {
        kind: 'newer',
        version: 40,
      });
    });
  });

  it("may have fields that this version doesn't have", () => {
    const stored = JSON.stringify({ ...SAMPLE, color: 'green', account: { ...SAMPLE.account, picture: 'x' } });
    assert.deepEqual(parseRecord(stored), { kind: 'record', record: SAMPLE });
  });

  describe("is never written when it couldn't be read again", () => {
    for (const [what, change, field] of [
      ['an empty token', { accessToken: '' }, 'accessToken'],
      ['an expiry that is not a number', { accessExpiresAt: NaN }, 'accessExpiresAt'],
      ['an infinite end', { sessionEndsAt: Infinity }, 'sessionEndsAt'],
      ['another version', { version: 0 }, 'version'],
      ['no isComplete', { isComplete: undefined }, 'isComplete'],
    ] as const) {
      it(`with ${what}`, () => {
        const bad = { ...SAMPLE, ...change } as SessionRecord;
        assert.throws(
          () => formatRecord(bad),
          (error) => {
            assert.ok(error instanceof Error && error.message.includes(`"${field}"`));
            assert.ok(!error.message.includes('SECRET'));
            return true;
          },
        );
      });
    }

    it('with a version that only a later one could read', () => {
      assert.throws(() => formatRecord({ ...SAMPLE, version: 3 as never }), /newer version/);
    });
  });
});

describe('A session', () => {
  it('returns the token that the entry names, and never another one', () => {
    assert.deepEqual(
      [selectToken(SAMPLE, 'access_token'), selectToken(SAMPLE, 'id_token')],
      [SAMPLE.accessToken, SAMPLE.idToken],
    );
    assert.equal(selectToken(without(SAMPLE, 'idToken'), 'id_token'), undefined);
  });

  it("can be refreshed while it has a refresh token and hasn't ended", () => {
    assert.equal(tokenLifetimes(SAMPLE).isRefreshable, true);
    assert.equal(tokenLifetimes(UNRENEWABLE).isRefreshable, false);
    assert.equal(
      tokenLifetimes({ ...SAMPLE, ended: { at: T, category: 'session-ended', code: 'invalid_grant' } }).isRefreshable,
      false,
    );
  });

  it('passes its times on unchanged', () => {
    const { jitter, ...times } = tokenLifetimes({ ...SAMPLE, sessionEndsAt: T + 5, sessionEndIsFixed: true });
    assert.ok(jitter !== undefined && jitter >= 0 && jitter < 1);
    assert.deepEqual(times, {
      tokensRequestedAt: T,
      signedInAt: T,
      accessExpiresAt: SAMPLE.accessExpiresAt,
      sessionEndsAt: T + 5,
      sessionEndIsFixed: true,
      isRefreshable: true,
    });
  });

  describe('has a jitter', () => {
    const jitterOf = (id: string, generation = 1): number =>
      tokenLifetimes({ ...SAMPLE, id, generation }).jitter ?? NaN;
    const ids = fc.sample(fc.uuid(), { seed: 20_300_101, numRuns: 2000 });
    const pairs = ids.flatMap((one, index) => ids.slice(index + 1, index + 51).map((other) => [one, other] as const));
    /** Whether two sessions with the same times are due in the same second. */
    const meet = ([one, other]: readonly [string, string], generation: number): boolean => {
      const due = (id: string): number => refreshDueAt(tokenLifetimes({ ...SAMPLE, id, generation }), USUAL) ?? NaN;
      return Math.abs(due(one) - due(other)) < SECOND;
    };

    it('that is the same in every window at any time', () => {
      const later = { ...SAMPLE, accessToken: 'other', tokensRequestedAt: T + 5, accessExpiresAt: T + HOUR + 5 };
      assert.equal(tokenLifetimes(later).jitter, tokenLifetimes(SAMPLE).jitter);
    });

    it('that is evenly distributed between zero and one', () => {
      const jitters = ids.map((id) => jitterOf(id));
      assert.ok(jitters.every((jitter) => jitter >= 0 && jitter < 1));
      for (let tenth = 0; tenth < 10; tenth += 1) {
        const inIt = jitters.filter((jitter) => Math.floor(jitter * 10) === tenth).length;
        assert.ok(inIt > 140 && inIt < 260, `${inIt} of 2000 in tenth ${tenth}`);
      }
    });

    it('that makes sessions with the same times rarely due in the same second', () => {
      // They are spread over 75 seconds, so about 2.7 % share one.
      const part = pairs.filter((pair) => meet(pair, 1)).length / pairs.length;
      assert.ok(part < 0.04, `${(100 * part).toFixed(1)} %`);
    });

    it('that changes with each refresh', () => {
      const met = pairs.filter((pair) => meet(pair, 1));
      const again = met.filter((pair) => meet(pair, 2));
      assert.ok(met.length > 1000 && again.length < met.length / 10, `${again.length} of ${met.length} meet again`);
    });
  });

  describe('is newer than another', () => {
    const ended = { at: T, category: 'session-ended', code: 'invalid_grant' };
    /** From the oldest to the newest. */
    const stages: readonly SessionRecord[] = [1, 2, 10].flatMap((generation) => [
      { ...SAMPLE, generation, isComplete: false },
      { ...SAMPLE, generation },
      { ...SAMPLE, generation, ended },
    ]);

    it('by its generation first, then partial, complete, ended', () => {
      for (const [index, one] of stages.entries()) {
        for (const [other, two] of stages.entries()) {
          assert.equal(isNewer(one, two), index > other, `${index} and ${other}`);
        }
      }
    });

    it('whatever the clocks show', () => {
      holds(
        fc.property(
          fc.integer({ min: 0, max: 8 }),
          fc.integer({ min: 0, max: 8 }),
          time,
          time,
          (one, other, at, otherwise) => {
            const first = { ...(stages[one] ?? SAMPLE), tokensRequestedAt: at, signedInAt: otherwise };
            const second = { ...(stages[other] ?? SAMPLE), tokensRequestedAt: otherwise, accessExpiresAt: at };
            assert.equal(isNewer(first, second), one > other);
          },
        ),
      );
    });

    it('after it has ended, whether or not its last refresh was complete', () => {
      const half = { ...SAMPLE, isComplete: false, ended };
      assert.deepEqual([isNewer(half, SAMPLE), isNewer(SAMPLE, half)], [true, false]);
      assert.deepEqual([isNewer(half, { ...SAMPLE, ended }), isNewer({ ...SAMPLE, ended }, half)], [false, false]);
    });
  });

  describe('belongs to a provider', () => {
    const provider = { issuer: SAMPLE.issuer, clientId: SAMPLE.clientId, endpoints: undefined };

    it('when its tokens are from that provider', () => {
      assert.equal(
        configuredProviderOf(SAMPLE, (id) => (id === 'acme' ? provider : undefined)),
        provider,
      );
    });

    it('and to none when the provider was removed or has another issuer or client ID', () => {
      assert.equal(
        configuredProviderOf(SAMPLE, () => undefined),
        undefined,
      );
      assert.equal(
        configuredProviderOf(SAMPLE, () => ({ ...provider, issuer: 'https://evil.example' })),
        undefined,
      );
      assert.equal(
        configuredProviderOf(SAMPLE, () => ({ ...provider, clientId: 'client-2' })),
        undefined,
      );
    });

    const at = (token: string, revocation?: string): Endpoints => ({
      authorization: 'https://login.example/a',
      token,
      revocation,
    });
    const cases: readonly (readonly [string, readonly string[] | undefined, Endpoints | undefined, boolean])[] = [
      ['the server metadata contains them, as before', [], undefined, true],
      ['the entry contains the same', ['https://id.example'], at('https://id.example/token'), true],
      [
        'the entry contains another path',
        ['https://id.example'],
        at('https://id.example/v2/token', 'https://id.example/revoke'),
        true,
      ],
      [
        'the revocation endpoint was removed',
        ['https://id.example', 'https://out.example'],
        at('https://id.example/token'),
        true,
      ],
      [
        'only the authorization endpoint has another origin',
        ['https://id.example'],
        {
          ...at('https://id.example/token'),
          authorization: 'https://other.example/a',
          jwks: 'https://other.example/j',
        },
        true,
      ],
      ['the token endpoint has another origin', ['https://id.example'], at('https://evil.example/token'), false],
      ['the token endpoint has another port', ['https://id.example'], at('https://id.example:8443/token'), false],
      [
        'the revocation endpoint has another origin',
        ['https://id.example'],
        at('https://id.example/token', 'https://evil.example/revoke'),
        false,
      ],
      [
        'the entry contains some, and the server metadata contained them before',
        [],
        at('https://id.example/token'),
        false,
      ],
      ['all were removed from the entry', ['https://id.example'], undefined, false],
      ['the record has no origins and the entry contains none', undefined, undefined, true],
      ['the record has no origins and the entry contains some', undefined, at('https://id.example/token'), true],
    ];
    it('only when its metadata is from the same origin, which decides where tokens are sent', () => {
      const meta = (origins: readonly string[], metadataUrl: string | undefined): boolean =>
        configuredProviderOf({ ...SAMPLE, origins: [...origins] }, () => ({ ...provider, metadataUrl })) !== undefined;
      const own = new URL(SAMPLE.issuer).origin;
      assert.deepEqual(
        [
          meta([], `${own}/policy/meta`),
          meta([], undefined),
          meta(['https://meta.example'], 'https://meta.example/other'),
        ],
        [true, true, true],
      );
      assert.deepEqual(
        [
          meta([], 'https://evil.example/meta'),
          meta(['https://meta.example'], 'https://evil.example/meta'),
          meta(['https://meta.example'], undefined),
        ],
        [false, false, false],
      );
      assert.deepEqual([meta(['https://meta.example'], `${own}/meta`), meta([], `${own}:8443/meta`)], [false, false]);
    });

    for (const [what, origins, endpoints, isOwned] of cases) {
      it(`${isOwned ? 'also' : 'and to none'} when, of the endpoints, ${what}`, () => {
        const record = { ...SAMPLE, ...(origins === undefined ? {} : { origins: [...origins] }) };
        assert.equal(configuredProviderOf(record, () => ({ ...provider, endpoints })) !== undefined, isOwned);
      });
    }
  });
});

describe('clockSetBackSince', () => {
  const NOW = Date.UTC(2031, 0, 1);
  /** How far it was set back, if it shows this many ms less than have passed. */
  const clockSetBackMs = (elapsed: number, less: number): number | undefined =>
    clockSetBackSince(
      { tokensRequestedAt: NOW, tokensRequestedUptime: { boot: 'one', ms: DAY } },
      {
        now: () => NOW + elapsed - less,
        after: () => ({ dispose() {} }),
        uptime: () => ({ boot: 'one', ms: DAY + elapsed }),
      },
    );

  it("is defined when the clock was set back, but not when it's slow or being adjusted", () => {
    assert.deepEqual([clockSetBackMs(MINUTE, 4 * SECOND), clockSetBackMs(MINUTE, 6 * SECOND)], [undefined, 6 * SECOND]);
    assert.deepEqual(
      [clockSetBackMs(10 * HOUR, 35 * SECOND), clockSetBackMs(10 * HOUR, 40 * SECOND)],
      [undefined, 40 * SECOND],
    );
    assert.deepEqual([clockSetBackMs(MINUTE, -HOUR), clockSetBackMs(0, HOUR)], [undefined, HOUR]);
  });
});
