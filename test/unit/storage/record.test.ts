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
  it('gives a first generation with the scopes that were requested, and keeps those that were granted apart', () => {
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

  it('keeps where the entry sends credentials', () => {
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

  it('takes the end from the server when it names one, and else from the setting', () => {
    const withSetting = { ...provider, sessionLifetime: HOUR };
    assert.deepEqual(
      endOf(createRecord(grantFor(withSetting, NOW, { sessionEndsAt: NOW + 5, sessionEndSource: 'response' }), 'x')),
      [NOW + 5, 'response', undefined],
    );
    assert.deepEqual(endOf(createRecord(grantFor(withSetting, NOW), 'x')), [NOW + HOUR, 'setting', true]);
    assert.deepEqual(endOf(createRecord(grantFor(provider, NOW), 'x')), [undefined, undefined, undefined]);
  });

  it('has no end of its own when there is no refresh token', () => {
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

  it('goes by the clock of this machine when that of the server is far apart', () => {
    assert.equal(authenticatedAt(NOW / SECOND - 60), NOW - MINUTE);
    assert.equal(authenticatedAt(NOW / SECOND + 600, 10 * MINUTE), NOW);
    assert.equal(authenticatedAt(NOW / SECOND + 600), NOW + 10 * MINUTE);
  });

  it('has none when the time is yet to come, or no record can hold it', () => {
    for (const time of [NOW, NOW * 1000, Number.MAX_SAFE_INTEGER, 1e300]) {
      assert.equal(authenticatedAt(time), undefined, `${time}`);
    }
  });
});

describe('withRotatedToken', () => {
  it('gives an incomplete record of the next generation with the new refresh token and all else as before', () => {
    assert.deepEqual(withRotatedToken(before, 'refresh-2'), {
      ...before,
      generation: 2,
      isComplete: false,
      refreshToken: 'refresh-2',
    });
  });

  it('keeps the refresh token when the server has sent no other', () => {
    assert.deepEqual(withRotatedToken(before, undefined), { ...before, generation: 2, isComplete: false });
  });
});

describe('withRefreshedTokens', () => {
  const later = NOW + 4 * MINUTE;
  const after = (record: SessionRecord, tokens: Partial<Tokens> = {}, at = provider): SessionRecord =>
    withRefreshedTokens(withRotatedToken(record, tokens.refreshToken), tokensAt(later, tokens), at);

  it('gives a complete record of the next generation of the same session', () => {
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

  it('keeps where its tokens were sent when that was not kept before, and does not change it later', () => {
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

  it('does not keep the expiry of the token before when the response has none', () => {
    assert.equal(after(before, { accessExpiresAt: undefined, expirySource: 'unknown' }).accessExpiresAt, undefined);
  });

  it('has not ended any more when a verdict has been overtaken by a sign-in', () => {
    assert.equal(
      after({ ...before, ended: { at: 1, category: 'session-ended', code: 'invalid_grant' } }).ended,
      undefined,
    );
  });

  it('knows that the end is fixed when a refresh has not moved it', () => {
    const ending = { ...before, sessionEndsAt: NOW + HOUR, sessionEndSource: 'response' } as const;
    assert.deepEqual(endOf(after(ending, { sessionEndsAt: NOW + HOUR, sessionEndSource: 'response' })), [
      NOW + HOUR,
      'response',
      true,
    ]);
  });

  it('keeps the number of a fixed end when each response counts it anew in whole seconds', () => {
    const fixed = { ...before, sessionEndsAt: NOW + HOUR, sessionEndSource: 'response' } as const;
    for (const waver of [-900, 0, 900]) {
      const [end] = endOf(after(fixed, { sessionEndsAt: NOW + HOUR + waver, sessionEndSource: 'response' }));
      assert.equal(end, NOW + HOUR + Math.min(waver, 0));
    }
  });

  it('knows that the end is not fixed when a refresh has moved it', () => {
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

  it('knows nothing about the end when two refreshes come at the same moment', () => {
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

  it('keeps the end when the refresh token stays the same, and drops it when it is another one', () => {
    for (const sessionEndIsFixed of [true, false, undefined]) {
      const ending = { ...before, sessionEndsAt: NOW + HOUR, sessionEndSource: 'response', sessionEndIsFixed } as const;
      assert.deepEqual(endOf(after(ending, { refreshToken: undefined })), [NOW + HOUR, 'response', true]);
      assert.deepEqual(endOf(after(ending, { refreshToken: 'refresh-2' })), [undefined, undefined, undefined]);
    }
  });

  it('counts the end from the sign-in, by the present setting, when the setting gives it', () => {
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

  describe("when the clock of this machine was set, as the server's shows", () => {
    const ending = { ...before, skew: 0, sessionEndsAt: NOW + 8 * HOUR, sessionEndSource: 'response' } as const;
    const times = ({
      signedInAt,
      tokensRequestedAt,
      sessionEndsAt,
      sessionEndIsFixed,
      skew,
    }: SessionRecord): unknown[] => [signedInAt, tokensRequestedAt, sessionEndsAt, sessionEndIsFixed, skew];

    it('moves the time of the sign-in along', () => {
      for (const by of [-3 * HOUR, 5 * HOUR]) {
        const now = later + by;
        const record = after(ending, {
          sentAt: now,
          skew: -by,
          sessionEndsAt: NOW + by + 8 * HOUR,
          sessionEndSource: 'response',
        });
        assert.deepEqual(
          times(record),
          [NOW + by, now, NOW + by + 8 * HOUR, true, -by],
          'the end has stayed where it was',
        );
      }
    });

    it('counts an end by setting from that time', () => {
      const record = after(
        { ...before, skew: 0 },
        { sentAt: later - HOUR, skew: HOUR },
        { ...provider, sessionLifetime: 2 * HOUR },
      );
      assert.deepEqual(endOf(record), [NOW + HOUR, 'setting', true]);
    });

    it('moves the end of the same refresh token along when the server says nothing about it', () => {
      const record = after(ending, { sentAt: later + DAY, skew: -DAY, refreshToken: undefined });
      assert.deepEqual(endOf(record), [NOW + DAY + 8 * HOUR, 'response', true]);
    });

    it('leaves the times as they are when it is some seconds, or one of the two responses has no Date', () => {
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

    it('goes by the uptime when that is known, whatever the server’s clock shows', () => {
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

    it('moves nothing twice when a response without a Date comes in between', () => {
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
  it('name it by the beginning of its id, its provider and its generation', () => {
    assert.equal(
      describeSession({ ...before, id: '01234567-89ab', generation: 7 }),
      'Session 01234567 at acme (generation 7)',
    );
  });

  it('give its times, where they come from, and whether it can be refreshed', () => {
    assert.equal(
      describeExpiry(before),
      'access token lives 300 s, until 1970-01-12T13:51:40.000Z (expires_in), session end unknown, has a refresh token',
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
      'the server never said when the access token expires, session ends 1970-01-12T13:46:40.000Z (token), no refresh token',
    );
  });

  it('can be written when no calendar holds a time', () => {
    assert.match(
      describeExpiry({ ...before, accessExpiresAt: 1e300 }),
      /^access token lives [^,]+, until out of range/,
    );
  });

  it('contain no token, and nothing about the person', () => {
    const record = { ...before, refreshToken: 'refresh-1' };
    assert.doesNotMatch(`${describeSession(record)} ${describeExpiry(record)}`, /access-1|refresh-1|id-1|Sam|person-1/);
  });
});
