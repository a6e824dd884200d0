import assert from 'node:assert/strict';
import { draftOf, entryOf, providerOf } from '../../../src/wizard/draft.ts';
import { validateRedirect } from '../../../src/wizard/entryValidation.ts';
import { stepsOf } from '../../../src/wizard/steps.ts';
import { PRESETS } from '../../../src/wizard/presets.ts';
import {
  isForAnyPort,
  redirectDraftOf,
  redirectEntered,
  urisToRegister,
  withRedirectEntered,
  type RedirectKind,
} from '../../../src/wizard/redirect.ts';

const ISSUER = 'https://id.example.com';
const drafted = (redirectKind: RedirectKind, entered: string): ReturnType<typeof redirectDraftOf> =>
  withRedirectEntered({ ...redirectDraftOf(), redirectKind }, entered);

describe('the step for the redirect URI', () => {
  it('is there, with a second one for what is to be entered', () => {
    const steps = (kind: RedirectKind): string[] =>
      stepsOf({ ...draftOf(undefined), redirectKind: kind }).filter((step) => step.startsWith('redirect'));
    assert.deepEqual(
      [steps('any-port'), steps('ports'), steps('redirect-uri')],
      [['redirect'], ['redirect', 'redirectUri'], ['redirect', 'redirectUri']],
    );
    const all = stepsOf(draftOf(undefined));
    assert.equal(all.indexOf('redirect') + 1, all.indexOf('client'), 'before the client is registered');
  });

  it('is left out where nothing of this machine is to be registered', () => {
    const has = (draft: ReturnType<typeof draftOf>): boolean => stepsOf(draft).includes('redirect');
    assert.ok(!has(draftOf(PRESETS.find(({ id }) => id === 'google'))));
    assert.ok(!has(draftOf(undefined, { issuer: ISSUER, signInMethod: 'uri' })));
    assert.ok(
      !has({
        ...draftOf(undefined),
        offers: { grant_types_supported: ['urn:ietf:params:oauth:grant-type:device_code'] },
      }),
    );
    assert.ok(has({ ...draftOf(undefined), offers: { grant_types_supported: ['authorization_code'] } }));
  });

  it('says what to register', () => {
    assert.deepEqual(urisToRegister(redirectDraftOf()), ['http://127.0.0.1/callback']);
    assert.deepEqual(urisToRegister(redirectDraftOf(), 'ports'), []);
    assert.deepEqual(urisToRegister(drafted('ports', ' 8400, 8401;8400 ')), [
      'http://127.0.0.1:8400/callback',
      'http://127.0.0.1:8401/callback',
    ]);
    assert.deepEqual(urisToRegister(drafted('redirect-uri', 'http://localhost/auth ')), ['http://localhost/auth']);
    assert.deepEqual(
      [
        drafted('redirect-uri', 'http://localhost/auth'),
        drafted('redirect-uri', 'http://localhost:1/auth'),
        drafted('ports', '1'),
      ].map(isForAnyPort),
      [true, false, false],
    );
  });

  it('objects to what is none', () => {
    for (const text of [
      '',
      '0',
      '70000',
      'abc',
      '8400, x',
      Array.from({ length: 21 }, (_, index) => 3000 + index).join(),
    ]) {
      assert.notEqual(validateRedirect(drafted('ports', text)), undefined, text);
    }
    for (const text of ['', 'https://localhost/', 'http://example.com/', '8400']) {
      assert.notEqual(validateRedirect(drafted('redirect-uri', text)), undefined, text);
    }
    assert.deepEqual(
      [validateRedirect(drafted('ports', '8400')), validateRedirect(drafted('redirect-uri', 'http://[::1]:5/'))],
      [undefined, undefined],
    );
  });

  it('starts from the entry, from what a ready-made definition brings, or from a port to propose', () => {
    assert.equal(redirectEntered({ ...redirectDraftOf(), redirectKind: 'ports' }, 28_123), '28123');
    assert.equal(redirectEntered(redirectDraftOf({ redirectPorts: [1, 2] }), 28_123), '1, 2');
    assert.equal(redirectEntered(redirectDraftOf({ redirectUri: 'http://localhost/a' }), 28_123), 'http://localhost/a');
    assert.equal(draftOf(PRESETS.find(({ id }) => id === 'okta')).redirectKind, 'ports');
  });

  it('goes into the entry, and the fields of another choice do not', () => {
    const okta = draftOf(PRESETS.find(({ id }) => id === 'okta'));
    const fieldsOf = (draft: typeof okta): unknown[] => [
      entryOf(draft)['redirectPorts'],
      entryOf(draft)['redirectUri'],
    ];
    assert.deepEqual(fieldsOf({ ...okta, redirectKind: 'any-port' }), [undefined, undefined]);
    assert.deepEqual(fieldsOf({ ...okta, ...withRedirectEntered(okta, '5') }), [[5], undefined]);
    const reused = { ...okta, redirectKind: 'redirect-uri' as const };
    assert.deepEqual(fieldsOf({ ...reused, ...withRedirectEntered(reused, 'http://localhost:5/a') }), [
      undefined,
      'http://localhost:5/a',
    ]);
    const old = draftOf(undefined, {
      issuer: ISSUER,
      clientId: 'c',
      redirectUri: 'http://localhost/a',
      redirectPorts: [7, 8],
    });
    assert.deepEqual(fieldsOf(old), [[7, 8], 'http://localhost/a']);
    assert.equal(providerOf(old)?.redirectUri, 'http://localhost/a');
  });
});
