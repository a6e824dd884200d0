import assert from 'node:assert/strict';
import { createDraft, toEntry, toProvider, withRedirectKind } from '../../../src/wizard/draft.ts';
import { validateRedirect } from '../../../src/wizard/entryValidation.ts';
import { registersRedirect } from '../../../src/wizard/steps.ts';
import { PRESETS } from '../../../src/wizard/presets.ts';
import {
  allowsAnyPort,
  createRedirectDraft,
  formatRedirect,
  issuerRedirectUri,
  urisToRegister,
  withEnteredRedirect,
  type RedirectKind,
} from '../../../src/wizard/redirect.ts';

const ISSUER = 'https://id.example.com';
const drafted = (redirectKind: RedirectKind, entered: string): ReturnType<typeof createRedirectDraft> =>
  withEnteredRedirect({ ...createRedirectDraft(), redirectKind }, entered);

describe('the redirect URI', () => {
  it("isn't registered if the server accepts any, or redirects to VS Code, or has no browser flow", () => {
    assert.ok(!registersRedirect(createDraft(PRESETS.find(({ id }) => id === 'google'))));
    assert.ok(!registersRedirect(createDraft(undefined, { issuer: ISSUER, signInMethod: 'uri' })));
    assert.ok(
      !registersRedirect({
        ...createDraft(undefined),
        metadata: { grant_types_supported: ['urn:ietf:params:oauth:grant-type:device_code'] },
      }),
    );
    assert.ok(
      registersRedirect({ ...createDraft(undefined), metadata: { grant_types_supported: ['authorization_code'] } }),
    );
  });

  it('lists what to register', () => {
    assert.deepEqual(urisToRegister(createRedirectDraft()), ['http://127.0.0.1/callback']);
    assert.deepEqual(urisToRegister({ ...createRedirectDraft(), redirectKind: 'ports' }), []);
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

  it('is validated', () => {
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

  it('starts with the value of the entry or the preset, or with a proposed port', () => {
    assert.equal(formatRedirect({ ...createRedirectDraft(), redirectKind: 'ports' }, 28_123), '28123');
    assert.equal(formatRedirect(createRedirectDraft({ redirectPorts: [1, 2] }), 28_123), '1, 2');
    assert.equal(
      formatRedirect(createRedirectDraft({ redirectUri: 'http://localhost/a' }), 28_123),
      'http://localhost/a',
    );
    assert.equal(createDraft(PRESETS.find(({ id }) => id === 'okta')).redirectKind, 'ports');
  });

  it('is in the entry, without the fields of other kinds', () => {
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

  it('can have a path for one issuer, which differs for any other', () => {
    const uri = issuerRedirectUri(ISSUER);
    assert.match(uri, /^http:\/\/127\.0\.0\.1\/callback\/[0-9a-f]{16}$/);
    assert.equal(issuerRedirectUri(ISSUER), uri);
    assert.notEqual(issuerRedirectUri(`${ISSUER}/`), uri);
    const draft = withRedirectKind({ ...createDraft(undefined), issuer: ISSUER }, 'issuer-path');
    assert.deepEqual(urisToRegister(draft), [uri]);
    assert.equal(toEntry(draft)['redirectUri'], uri);
    assert.equal(withRedirectKind(draft, 'any-port').redirectUri, undefined);
    assert.equal(createRedirectDraft({ issuer: ISSUER, redirectUri: uri }).redirectKind, 'issuer-path');
    assert.equal(createRedirectDraft({ issuer: `${ISSUER}/`, redirectUri: uri }).redirectKind, 'redirect-uri');
  });
});
