import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { formatRecord, parseRecord, type SessionRecord } from '../../../src/core/session.ts';
import type { Tokens } from '../../../src/protocol/tokens.ts';
import { withRefreshedTokens, createRecord, withRotatedToken } from '../../../src/storage/record.ts';
import { describeExpiry, describeSession } from '../../../src/storage/recordDescription.ts';
import { providerAt } from '../../support/fixtures.ts';
import { grantFor, recordAt } from '../../support/testWindow.ts';

const ISSUER = 'https://id.example.com';
const NOW = 1_000_000_000;
const provider = providerAt(ISSUER);
const before = recordAt(ISSUER, NOW, { idToken: 'id-1', subject: 'person-1' });
const tokensAt = (sentAt: number, more: Partial<Tokens> = {}): Tokens =>
  grantFor(provider, sentAt, { accessToken: 'access-2', refreshToken: 'refresh-2', ...more }).tokens;
const endOf = ({ sessionEndsAt, sessionEndSource, sessionEndIsFixed }: SessionRecord): unknown[] => [
  sessionEndsAt,
  sessionEndSource,
  sessionEndIsFixed,
];

describe('createRecord', () => {
  it('returns a first generation with the requested scopes, and keeps the granted ones separately', () => {
    const grant = { ...grantFor(provider, NOW, { scopes: ['read', 'extra'] }), scopes: ['read', 'write'] };
    const record = createRecord(grant, 'new');
    assert.deepEqual(
      [record.scopes, record.granted],
      [
        ['read', 'write'],
        ['read', 'extra'],
      ],
    );
    assert.deepEqual(
      [record.id, record.generation, record.isComplete, record.signedInAt, record.tokensRequestedAt],
      ['new', 1, true, NOW, NOW],
    );
    assert.deepEqual([record.issuer, record.clientId, record.providerId], [ISSUER, 'editor', 'acme']);
  });

  it('records where the entry sends credentials', () => {
    const endpoints = {
      authorization: 'https://login.example/a',
      token: `${ISSUER}/token`,
      revocation: 'https://out.example/r?a',
      jwks: 'https://keys.example',
      userinfo: `${ISSUER}/me`,
    };
    assert.deepEqual(createRecord(grantFor({ ...provider, endpoints }, NOW), 'x').origins, [
      ISSUER,
      'https://out.example',
    ]);
    assert.deepEqual(createRecord(grantFor(provider, NOW), 'x').origins, []);
  });

  it('uses the end that the server specifies, or else the configured one', () => {
    const withSetting = { ...provider, sessionLifetime: HOUR };
    assert.deepEqual(
      endOf(createRecord(grantFor(withSetting, NOW, { sessionEndsAt: NOW + 5, sessionEndSource: 'response' }), 'x')),
      [NOW + 5, 'response', undefined],
    );
    assert.deepEqual(endOf(createRecord(grantFor(withSetting, NOW), 'x')), [NOW + HOUR, 'setting', true]);
    assert.deepEqual(endOf(createRecord(grantFor(provider, NOW), 'x')), [undefined, undefined, undefined]);
  });

  it('has no session end when there is no refresh token', () => {
    const withSetting = { ...provider, sessionLifetime: HOUR };
    assert.deepEqual(endOf(createRecord(grantFor(withSetting, NOW, { refreshToken: undefined }), 'x')), [
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('createRecord with the time of the sign-in', () => {
  const authenticatedAt = (auth_time: number, skew?: number): number | undefined => {
    const claims = { iss: ISSUER, sub: 'person-1', aud: 'editor', iat: 1, exp: 2, auth_time };
    const record = createRecord(grantFor(provider, NOW, { claims, skew }), 'x');
    assert.equal(parseRecord(formatRecord(record)).kind, 'record', 'it can be stored');
    return record.authenticatedAt;
  };

  it("uses this machine's clock when the server's differs greatly", () => {
    assert.equal(authenticatedAt(NOW / SECOND - 60), NOW - MINUTE);
    assert.equal(authenticatedAt(NOW / SECOND + 600, 10 * MINUTE), NOW);
    assert.equal(authenticatedAt(NOW / SECOND + 600), NOW + 10 * MINUTE);
  });

  it('has none when the time is in the future, or out of range for a record', () => {
    for (const time of [NOW, NOW * 1000, Number.MAX_SAFE_INTEGER, 1e300]) {
      assert.equal(authenticatedAt(time), undefined, `${time}`);
    }
  });
});

describe('withRotatedToken', () => {
  it('returns an incomplete record of the next generation with the new refresh token, otherwise unchanged', () => {
    assert.deepEqual(withRotatedToken(before, 'refresh-2'), {
      ...before,
      generation: 2,
      isComplete: false,
      refreshToken: 'refresh-2',
    });
  });

  it('keeps the refresh token when the server returns none', () => {
    assert.deepEqual(withRotatedToken(before, undefined), { ...before, generation: 2, isComplete: false });
  });
});

describe('withRefreshedTokens', () => {
  const later = NOW + 4 * MINUTE;
  const after = (record: SessionRecord, tokens: Partial<Tokens> = {}, at = provider): SessionRecord =>
    withRefreshedTokens(withRotatedToken(record, tokens.refreshToken), tokensAt(later, tokens), at);

  it('returns a complete record of the next generation of the same session', () => {
    const record = after(before, { refreshToken: 'refresh-2' });
    assert.deepEqual(
      [record.id, record.generation, record.isComplete, record.signedInAt, record.tokensRequestedAt],
      ['s1', 2, true, NOW, later],
    );
    assert.deepEqual(
      [record.accessToken, record.refreshToken, record.accessExpiresAt],
      ['access-2', 'refresh-2', later + 5 * MINUTE],
    );
  });

  it("records where its tokens were sent when that wasn't recorded before, and doesn't change it later", () => {
    const elsewhere = { ...provider, endpoints: { authorization: `${ISSUER}/a`, token: 'https://tokens.example/t' } };
    assert.deepEqual([after(before).origins, after(before, {}, elsewhere).origins], [[], ['https://tokens.example']]);
    assert.deepEqual(
      after({ ...before, origins: ['https://a.example', 'https://tokens.example'] }, {}, elsewhere).origins,
      ['https://a.example', 'https://tokens.example'],
    );
  });

  it('keeps the refresh token and the ID token when the response has none', () => {
    const record = after(before, { refreshToken: undefined });
    assert.deepEqual(
      [record.refreshToken, record.idToken, record.subject, record.generation],
      ['refresh-1', 'id-1', 'person-1', 2],
    );
  });

  it("doesn't keep the expiry of the previous token when the response has none", () => {
    assert.equal(after(before, { accessExpiresAt: undefined, expirySource: 'unknown' }).accessExpiresAt, undefined);
  });

  it('is no longer ended when a sign-in has superseded a verdict', () => {
    assert.equal(
      after({ ...before, ended: { at: 1, category: 'session-ended', code: 'invalid_grant' } }).ended,
      undefined,
    );
  });

  it("marks the end as fixed when a refresh hasn't moved it", () => {
    const ending = { ...before, sessionEndsAt: NOW + HOUR, sessionEndSource: 'response' } as const;
    assert.deepEqual(endOf(after(ending, { sessionEndsAt: NOW + HOUR, sessionEndSource: 'response' })), [
      NOW + HOUR,
      'response',
      true,
    ]);
  });

  it('keeps the exact value of a fixed end when each response calculates it in whole seconds', () => {
    const fixed = { ...before, sessionEndsAt: NOW + HOUR, sessionEndSource: 'response' } as const;
    for (const waver of [-900, 0, 900]) {
      const [end] = endOf(after(fixed, { sessionEndsAt: NOW + HOUR + waver, sessionEndSource: 'response' }));
      assert.equal(end, NOW + HOUR + Math.min(waver, 0));
    }
  });

  it('marks the end as not fixed when a refresh has moved it', () => {
    const ending = {
      ...before,
      sessionEndsAt: NOW + HOUR,
      sessionEndSource: 'response',
      sessionEndIsFixed: true,
    } as const;
    assert.deepEqual(endOf(after(ending, { sessionEndsAt: later + HOUR, sessionEndSource: 'response' })), [
      later + HOUR,
      'response',
      false,
    ]);
  });

  it('leaves it open whether the end is fixed when two refreshes happen at the same time', () => {
    const ending = {
      ...before,
      tokensRequestedAt: later - 1000,
      sessionEndsAt: NOW + HOUR,
      sessionEndSource: 'response',
    } as const;
    assert.deepEqual(endOf(after(ending, { sessionEndsAt: NOW + HOUR, sessionEndSource: 'response' })), [
      NOW + HOUR,
      'response',
      undefined,
    ]);
  });

  it('keeps the end when the refresh token stays the same, and drops it when it changes', () => {
    for (const sessionEndIsFixed of [true, false, undefined]) {
      const ending = { ...before, sessionEndsAt: NOW + HOUR, sessionEndSource: 'response', sessionEndIsFixed } as const;
      assert.deepEqual(endOf(after(ending, { refreshToken: undefined })), [NOW + HOUR, 'response', true]);
      assert.deepEqual(endOf(after(ending, { refreshToken: 'refresh-2' })), [undefined, undefined, undefined]);
    }
  });

  it('calculates a configured end from the sign-in with the current setting', () => {
    const ending = {
      ...before,
      sessionEndsAt: NOW + HOUR,
      sessionEndSource: 'setting',
      sessionEndIsFixed: true,
    } as const;
    assert.deepEqual(endOf(after(ending, {}, { ...provider, sessionLifetime: 2 * HOUR })), [
      NOW + 2 * HOUR,
      'setting',
      true,
    ]);
    assert.deepEqual(endOf(after(ending, { refreshToken: undefined })), [undefined, undefined, undefined]);
  });

  describe("when this machine's clock was set, as the server's shows", () => {
    const ending = { ...before, skew: 0, sessionEndsAt: NOW + 8 * HOUR, sessionEndSource: 'response' } as const;
    const times = ({
      signedInAt,
      tokensRequestedAt,
      sessionEndsAt,
      sessionEndIsFixed,
      skew,
    }: SessionRecord): unknown[] => [signedInAt, tokensRequestedAt, sessionEndsAt, sessionEndIsFixed, skew];

    it('shifts the time of the sign-in', () => {
      for (const by of [-3 * HOUR, 5 * HOUR]) {
        const now = later + by;
        const record = after(ending, {
          sentAt: now,
          skew: -by,
          sessionEndsAt: NOW + by + 8 * HOUR,
          sessionEndSource: 'response',
        });
        assert.deepEqual(times(record), [NOW + by, now, NOW + by + 8 * HOUR, true, -by], 'the end is unchanged');
      }
    });

    it('calculates a configured end from that time', () => {
      const record = after(
        { ...before, skew: 0 },
        { sentAt: later - HOUR, skew: HOUR },
        { ...provider, sessionLifetime: 2 * HOUR },
      );
      assert.deepEqual(endOf(record), [NOW + HOUR, 'setting', true]);
    });

    it("shifts the end of the same refresh token when the server doesn't specify it", () => {
      const record = after(ending, { sentAt: later + DAY, skew: -DAY, refreshToken: undefined });
      assert.deepEqual(endOf(record), [NOW + DAY + 8 * HOUR, 'response', true]);
    });

    it('keeps the times when the difference is some seconds, or one of the two responses has no Date', () => {
      for (const [was, is] of [
        [0, 30 * SECOND],
        [0, -30 * SECOND],
        [undefined, HOUR],
        [HOUR, undefined],
      ] as const) {
        const record = after(
          { ...ending, skew: was },
          { skew: is, sessionEndsAt: NOW + 8 * HOUR, sessionEndSource: 'response' },
        );
        assert.deepEqual(times(record).slice(0, 4), [NOW, later, NOW + 8 * HOUR, true]);
      }
      assert.equal(after({ ...ending, skew: 0 }, { skew: 31 * SECOND }).signedInAt, NOW - 31 * SECOND);
    });

    it("uses the uptime when that is known, regardless of the server's clock", () => {
      const uptime = (ms: number): { readonly boot: string; readonly ms: number } => ({ boot: 'machine', ms });
      for (const by of [-7 * HOUR, 7 * HOUR]) {
        const at = { ...ending, skew: undefined, tokensRequestedUptime: uptime(5 * HOUR) };
        const record = after(at, {
          sentAt: NOW + HOUR + by,
          sentUptime: uptime(6 * HOUR),
          skew: 3 * HOUR,
          refreshToken: undefined,
        });
        assert.deepEqual([record.signedInAt, record.sessionEndsAt], [NOW + by, NOW + by + 8 * HOUR]);
      }
      const restarted = after(
        { ...ending, tokensRequestedUptime: uptime(5 * HOUR) },
        { sentAt: NOW + HOUR, sentUptime: uptime(HOUR), skew: 0, refreshToken: undefined },
      );
      assert.equal(restarted.signedInAt, NOW);
    });

    it('shifts nothing twice when a response without a Date comes in between', () => {
      const silent = after(ending, {
        sentAt: NOW + 2 * HOUR,
        skew: undefined,
        sessionEndsAt: NOW + 9 * HOUR,
        sessionEndSource: 'response',
      });
      const record = after(silent, { sentAt: NOW + 3 * HOUR, skew: -HOUR, refreshToken: undefined });
      assert.deepEqual([silent.skew, record.sessionEndsAt], [undefined, NOW + 9 * HOUR]);
    });
  });
});

describe('The log lines of a session', () => {
  it('name it by the beginning of its ID, its provider and its generation', () => {
    assert.equal(
      describeSession({ ...before, id: '01234567-89ab', generation: 7 }),
      'Session 01234567 at acme (generation 7)',
    );
  });

  it('have its times, their sources, and whether it can be refreshed', () => {
    assert.equal(
      describeExpiry(before),
      'access token valid for 300 s, until 1970-01-12T13:51:40.000Z (expires_in), session end unknown, has a refresh token',
    );
    const ending = {
      ...before,
      accessExpiresAt: undefined,
      expirySource: 'unknown',
      refreshToken: undefined,
      sessionEndsAt: NOW,
      sessionEndSource: 'token',
    } as const;
    assert.equal(
      describeExpiry(ending),
      'access token expiry not specified by the server, session ends 1970-01-12T13:46:40.000Z (token), no refresh token',
    );
  });

  it('are possible for times out of range', () => {
    assert.match(
      describeExpiry({ ...before, accessExpiresAt: 1e300 }),
      /^access token valid for [^,]+, until out of range/,
    );
  });

  it('contain no token, and nothing about the user', () => {
    const record = { ...before, refreshToken: 'refresh-1' };
    assert.doesNotMatch(`${describeSession(record)} ${describeExpiry(record)}`, /access-1|refresh-1|id-1|Sam|person-1/);
  });
});
