import assert from 'node:assert/strict';
import { createDraft, toEntry, toProvider } from '../../../src/wizard/draft.ts';
import { validateRedirect } from '../../../src/wizard/entryValidation.ts';
import { getSteps } from '../../../src/wizard/steps.ts';
import { PRESETS } from '../../../src/wizard/presets.ts';
import {
  allowsAnyPort,
  createRedirectDraft,
  formatRedirect,
  urisToRegister,
  withEnteredRedirect,
  type RedirectKind,
} from '../../../src/wizard/redirect.ts';

const ISSUER = 'https://id.example.com';
const drafted = (redirectKind: RedirectKind, entered: string): ReturnType<typeof createRedirectDraft> =>
  withEnteredRedirect({ ...createRedirectDraft(), redirectKind }, entered);

describe('the step for the redirect URI', () => {
  it('is there, with a second one for what is to be entered', () => {
    const steps = (kind: RedirectKind): string[] =>
      getSteps({ ...createDraft(undefined), redirectKind: kind }).filter((step) => step.startsWith('redirect'));
    assert.deepEqual(
      [steps('any-port'), steps('ports'), steps('redirect-uri')],
      [['redirect'], ['redirect', 'redirectUri'], ['redirect', 'redirectUri']],
    );
    const all = getSteps(createDraft(undefined));
    assert.equal(all.indexOf('redirect') + 1, all.indexOf('client'), 'before the client is registered');
  });

  it('is left out where nothing of this machine is to be registered', () => {
    const has = (draft: ReturnType<typeof createDraft>): boolean => getSteps(draft).includes('redirect');
    assert.ok(!has(createDraft(PRESETS.find(({ id }) => id === 'google'))));
    assert.ok(!has(createDraft(undefined, { issuer: ISSUER, signInMethod: 'uri' })));
    assert.ok(
      !has({
        ...createDraft(undefined),
        metadata: { grant_types_supported: ['urn:ietf:params:oauth:grant-type:device_code'] },
      }),
    );
    assert.ok(has({ ...createDraft(undefined), metadata: { grant_types_supported: ['authorization_code'] } }));
  });

  it('says what to register', () => {
    assert.deepEqual(urisToRegister(createRedirectDraft()), ['http://127.0.0.1/callback']);
    assert.deepEqual(urisToRegister(createRedirectDraft(), 'ports'), []);
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
      ].map(allowsAnyPort),
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
    assert.equal(formatRedirect({ ...createRedirectDraft(), redirectKind: 'ports' }, 28_123), '28123');
    assert.equal(formatRedirect(createRedirectDraft({ redirectPorts: [1, 2] }), 28_123), '1, 2');
    assert.equal(
      formatRedirect(createRedirectDraft({ redirectUri: 'http://localhost/a' }), 28_123),
      'http://localhost/a',
    );
    assert.equal(createDraft(PRESETS.find(({ id }) => id === 'okta')).redirectKind, 'ports');
  });

  it('goes into the entry, and the fields of another choice do not', () => {
    const okta = createDraft(PRESETS.find(({ id }) => id === 'okta'));
    const fieldsOf = (draft: typeof okta): unknown[] => [
      toEntry(draft)['redirectPorts'],
      toEntry(draft)['redirectUri'],
    ];
    assert.deepEqual(fieldsOf({ ...okta, redirectKind: 'any-port' }), [undefined, undefined]);
    assert.deepEqual(fieldsOf({ ...okta, ...withEnteredRedirect(okta, '5') }), [[5], undefined]);
    const reused = { ...okta, redirectKind: 'redirect-uri' as const };
    assert.deepEqual(fieldsOf({ ...reused, ...withEnteredRedirect(reused, 'http://localhost:5/a') }), [
      undefined,
      'http://localhost:5/a',
    ]);
    const old = createDraft(undefined, {
      issuer: ISSUER,
      clientId: 'c',
      redirectUri: 'http://localhost/a',
      redirectPorts: [7, 8],
    });
    assert.deepEqual(fieldsOf(old), [[7, 8], 'http://localhost/a']);
    assert.equal(toProvider(old)?.redirectUri, 'http://localhost/a');
  });
});
