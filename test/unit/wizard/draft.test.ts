import assert from 'node:assert/strict';
import { CAPABILITY_NOTES, getCapabilityNotes, type ServerMetadata } from '../../../src/wizard/capabilities.ts';
import {
  createDraft,
  toEntry,
  withMetadata,
  normalizeIssuer,
  toggleTrailingSlash,
  toProvider,
  type Draft,
} from '../../../src/wizard/draft.ts';
import { parseEntries, entryName, withEntry } from '../../../src/wizard/entries.ts';
import { validateClientId, validateId, validateIssuer, validateScope } from '../../../src/wizard/entryValidation.ts';
import { proposeId, proposeLabel, proposeScopes } from '../../../src/wizard/proposals.ts';
import {
  mayHaveSecret,
  findPresetRequiringSecret,
  adjacentStep,
  getSteps,
  type Step,
} from '../../../src/wizard/steps.ts';
import { PRESETS, placeholderIn, type PresetId } from '../../../src/wizard/presets.ts';
import { parseProviders } from '../../../src/core/parseProviders.ts';
import { DEFAULT_SCOPES, type ProviderField } from '../../../src/core/provider.ts';
import { FIELD_ROWS } from '../../../src/core/providerFields.ts';
import { FULL_ENTRY } from '../../support/fieldSamples.ts';

const ISSUER = 'https://id.example.com';
const presetOf = (id: PresetId): (typeof PRESETS)[number] | undefined => PRESETS.find((preset) => preset.id === id);
const other = (more: Partial<Draft> = {}): Draft => ({
  ...createDraft(undefined),
  issuer: ISSUER,
  clientId: 'vscode',
  ...more,
});
const picked = (draft: Draft): string[] =>
  proposeScopes(draft)
    .filter((choice) => choice.isSelected)
    .map(({ scope }) => scope);

/** The steps from the first to the last, as a person takes them who answers each one the same. */
function walked(draft: Draft, direction: 1 | -1): Step[] {
  const steps: Step[] = [direction === 1 ? 'server' : 'summary'];
  for (;;) {
    const next = adjacentStep(steps.at(-1) ?? 'server', draft, direction);
    if (next === undefined) {
      return steps;
    }
    steps.push(next);
  }
}

describe('the ready-made definitions', () => {
  for (const preset of PRESETS) {
    it(`make a good entry of ${preset.name}, once it is filled in`, () => {
      const issuer = preset.issuer.replaceAll(/\{[^{}]*\}/g, 'acme');
      const draft = {
        ...createDraft(preset),
        issuer,
        clientId: 'vscode',
        id: 'acme',
        scopes: picked(createDraft(preset)),
      };
      const { problems, providers } = parseProviders([toEntry(draft)]);
      assert.deepEqual(problems, []);
      assert.equal(providers[0]?.issuer, issuer);
      assert.deepEqual(providers[0].scopes, preset.scopes);
      const { fields = {} } = preset;
      assert.deepEqual(
        Object.fromEntries(Object.entries(providers[0]).filter(([field]) => Object.hasOwn(fields, field))),
        fields,
      );
    });
  }

  it('are in the order of their names, each id once', () => {
    const names = PRESETS.map(({ name }) => name.toLowerCase());
    assert.deepEqual(names, names.toSorted());
    assert.equal(new Set(PRESETS.map(({ id }) => id)).size, PRESETS.length);
  });

  it('do not ask those for offline_access that refuse it', () => {
    assert.deepEqual(
      PRESETS.filter(({ scopes }) => !scopes.includes('offline_access')).map(({ id }) => id),
      ['cognito', 'github-app', 'github-oauth', 'gitlab', 'google'],
    );
    assert.deepEqual(
      PRESETS.filter(({ renewal, scopes }) => (renewal === 'with-scope') !== scopes.includes('offline_access')),
      [],
    );
  });

  it('are not taken for filled in while a brace is left', () => {
    assert.equal(placeholderIn('https://{host}/realms/{realm}'), '{host}');
    assert.equal(placeholderIn('https://id/realms/{realm}'), '{realm}');
    assert.equal(placeholderIn('https://id/realms/a'), undefined);
    assert.deepEqual(validateIssuer('https://id.example.com/realms/{realm}'), { placeholder: '{realm}' });
  });
});

describe('the steps of adding a provider', () => {
  it('are all there for a server that has answered and may want a secret', () => {
    const all: Step[] = [
      'server',
      'issuer',
      'found',
      'redirect',
      'client',
      'secret',
      'scopes',
      'label',
      'id',
      'summary',
    ];
    assert.deepEqual(walked(other({ metadata: {} }), 1), all);
    assert.deepEqual(walked(other({ metadata: {} }), -1), all.toReversed());
    assert.deepEqual(getSteps(other({ metadata: {} })), all);
  });

  it('leave out what the server offers where it has not been found, and count it as long as it can be', () => {
    assert.ok(!walked(other({ metadata: null }), 1).includes('found'));
    assert.ok(!walked(other({ metadata: null }), -1).includes('found'));
    assert.ok(getSteps(createDraft(undefined)).includes('found'));
  });

  it('leave out the secret where the server takes none, or the ready-made definition has none', () => {
    assert.ok(!walked(other({ metadata: { token_endpoint_auth_methods_supported: ['none'] } }), 1).includes('secret'));
    assert.ok(
      walked(
        other({ metadata: { token_endpoint_auth_methods_supported: ['none', 'client_secret_post'] } }),
        1,
      ).includes('secret'),
    );
    assert.ok(
      walked(other({ metadata: { token_endpoint_auth_methods_supported: ['client_secret_basic'] } }), 1).includes(
        'secret',
      ),
    );
    assert.equal(
      mayHaveSecret({
        ...createDraft(presetOf('keycloak')),
        metadata: { token_endpoint_auth_methods_supported: ['client_secret_basic'] },
      }),
      false,
    );
  });

  it('ask for the secret where a product gives one with the client id, or wants one in the browser', () => {
    for (const { id, secret } of PRESETS) {
      assert.equal(mayHaveSecret(createDraft(presetOf(id))), secret !== 'none', id);
    }
    assert.deepEqual(
      PRESETS.filter(({ secret }) => secret !== 'none').map(({ id, secret }) => [id, secret]),
      [
        ['github-app', 'for-browser'],
        ['github-oauth', 'for-browser'],
        ['google', 'required'],
      ],
    );
  });

  it('are held up for want of a secret only by a product that takes nobody without', () => {
    const held = (withoutSecret: boolean): string[] =>
      PRESETS.map(({ id }) => id).filter(
        (id) => findPresetRequiringSecret({ ...createDraft(presetOf(id)), withoutSecret }) !== undefined,
      );
    assert.deepEqual([held(true), held(false)], [['google'], []]);
    assert.equal(findPresetRequiringSecret(other({ withoutSecret: true })), undefined);
  });

  it('ask for no issuer where the endpoints are known, and for no scopes where there are none', () => {
    assert.deepEqual(walked(createDraft(presetOf('github-oauth')), 1), [
      'server',
      'found',
      'redirect',
      'client',
      'secret',
      'scopes',
      'label',
      'id',
      'summary',
    ]);
    assert.deepEqual(walked(createDraft(presetOf('github-app')), -1), [
      'summary',
      'id',
      'label',
      'secret',
      'client',
      'redirectUri',
      'redirect',
      'found',
      'server',
    ]);
    assert.deepEqual(toEntry(createDraft(presetOf('github-app')))['scopes'], []);
  });

  it('find their neighbour even where they are themselves left out since', () => {
    assert.equal(adjacentStep('found', other({ metadata: null }), 1), 'redirect');
    assert.equal(adjacentStep('found', other({ metadata: null }), -1), 'issuer');
  });
});

describe('an issuer as it is typed', () => {
  it('loses the space around it and the path of discovery, and gets the scheme that was left out', () => {
    assert.equal(normalizeIssuer(` ${ISSUER}/a \n`), `${ISSUER}/a`);
    assert.equal(normalizeIssuer(`${ISSUER}/a/.well-known/openid-configuration`), `${ISSUER}/a`);
    assert.equal(normalizeIssuer(`${ISSUER}/.well-known/oauth-authorization-server/a`), `${ISSUER}/a`);
    assert.equal(normalizeIssuer('id.example.com/.well-known/openid-configuration'), ISSUER);
    assert.equal(normalizeIssuer('id.example.com/a'), `${ISSUER}/a`);
    assert.equal(normalizeIssuer('http://id.example.com'), 'http://id.example.com');
    assert.equal(normalizeIssuer('  '), '');
  });

  it('gets the scheme without encryption on this computer alone', () => {
    for (const here of ['localhost', 'localhost:8080/realms/a', '127.0.0.1:3000', '[::1]:9/a']) {
      assert.equal(normalizeIssuer(here), `http://${here}`);
    }
    for (const elsewhere of [
      'localhost.example.com',
      '10.0.0.1:8080',
      'localhost@id.example.com',
      '127.0.0.1.example.com/a',
    ]) {
      assert.equal(normalizeIssuer(elsewhere), `https://${elsewhere}`);
    }
  });

  it('keeps its slash, which is part of its name; the other spelling is one away', () => {
    assert.equal(normalizeIssuer(`${ISSUER}/`), `${ISSUER}/`);
    assert.equal(toggleTrailingSlash(ISSUER), `${ISSUER}/`);
    assert.equal(toggleTrailingSlash(`${ISSUER}/`), ISSUER);
  });

  it('becomes what the server calls itself where only the slash differs, and nothing else', () => {
    assert.equal(withMetadata(other(), { issuer: `${ISSUER}/` }).issuer, `${ISSUER}/`);
    assert.equal(withMetadata(other({ issuer: `${ISSUER}/` }), { issuer: ISSUER }).issuer, ISSUER);
    for (const issuer of [ISSUER, 'https://elsewhere.example', `${ISSUER}/{tenantid}`, undefined, 7]) {
      assert.equal(withMetadata(other(), { issuer }).issuer, ISSUER);
    }
  });

  it('is held to the rules of the settings', () => {
    assert.equal(validateIssuer(ISSUER), undefined);
    assert.equal(validateIssuer('http://127.0.0.1:8080'), undefined);
    assert.deepEqual(validateIssuer('http://id.example.com'), { code: 'not-https', field: 'issuer' });
    assert.deepEqual(validateIssuer(`${ISSUER}?a=b`), { code: 'bad-url', field: 'issuer' });
    assert.deepEqual(validateIssuer(''), { code: 'missing', field: 'issuer' });
  });
});

describe('the other answers', () => {
  it('are held to the rules of the settings', () => {
    assert.equal(validateClientId('vscode'), undefined);
    assert.deepEqual(validateClientId(' '), { code: 'missing', field: 'clientId' });
    assert.equal(validateScope('api/read'), undefined);
    assert.deepEqual(validateScope('two words'), { code: 'bad-scope', field: 'scopes' });
  });

  it('take no id that another entry or VS Code has, said or not', () => {
    const others = [{ id: 'acme' }, { issuer: ISSUER }];
    assert.equal(validateId('acme-2', others), undefined);
    assert.deepEqual(validateId('acme', others), { code: 'id-twice', field: 'id' });
    assert.deepEqual(validateId('oidc', others), { code: 'id-twice', field: 'id' });
    assert.deepEqual(validateId('github', []), { code: 'id-of-built-in', field: 'id' });
    assert.deepEqual(validateId('1a', []), { code: 'bad-id', field: 'id' });
  });

  it('are proposed: the label by the product or the host, the id by the label, each good as it is', () => {
    assert.equal(proposeLabel(other()), 'id.example.com');
    assert.equal(proposeLabel(createDraft(presetOf('okta'))), 'Okta');
    assert.equal(proposeLabel(other({ label: 'Mine' })), 'Mine');
    assert.equal(proposeId(other({ label: 'Microsoft Entra ID' }), []), 'microsoft-entra-id');
    assert.equal(proposeId(other({ label: 'Acmé' }), [{ id: 'acme' }, { id: 'acme-2' }]), 'acme-3');
    assert.equal(proposeId(other({ label: '認証' }), []), 'oidc');
    assert.equal(proposeId(other({ label: 'GitHub' }), []), 'github-2');
    assert.equal(proposeId(other({ id: 'kept', label: 'Other' }), []), 'kept');
    assert.equal(validateId(proposeId(other({ label: `42 ${'x'.repeat(99)}` }), []), []), undefined);
  });
});

describe('what a server says of itself', () => {
  const facts = (metadata: ServerMetadata, draft: Draft = other()): string[] =>
    getCapabilityNotes({ ...draft, metadata });

  it('means little where it says little', () => {
    assert.deepEqual(facts({}), ['browser', 'pkce-unsaid', 'renewal-unsaid', 'no-revocation']);
  });

  it('is made up for by what is known of a product', () => {
    assert.deepEqual(facts({ revocation_endpoint: 'x' }, createDraft(presetOf('cognito'))), [
      'browser',
      'pkce-unsaid',
      'renews',
    ]);
  });

  it('need not be said where a product is known that does not describe itself', () => {
    const known = (id: PresetId): string[] => getCapabilityNotes(createDraft(presetOf(id)));
    assert.deepEqual(known('github-oauth'), [
      'browser',
      'device',
      'pkce',
      'no-expiry',
      'secret-for-browser',
      'no-revocation',
    ]);
    assert.deepEqual(known('github-app'), [
      'browser',
      'device',
      'pkce',
      'renews',
      'secret-for-browser',
      'no-revocation',
    ]);
  });

  it('leaves out a code to type where only another kind of client can have it', () => {
    const offers = { device_authorization_endpoint: 'x', revocation_endpoint: 'x', scopes_supported: ['openid'] };
    assert.deepEqual(facts(offers, createDraft(presetOf('google'))), [
      'browser',
      'pkce-unsaid',
      'renews',
      'secret-required',
    ]);
    assert.ok(facts(offers, createDraft(presetOf('okta'))).includes('device'));
  });

  it('means much where it says much', () => {
    const offers = {
      scopes_supported: [...DEFAULT_SCOPES],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      code_challenge_methods_supported: ['plain', 'S256'],
      token_endpoint_auth_methods_supported: ['none'],
      device_authorization_endpoint: `${ISSUER}/device`,
      revocation_endpoint: `${ISSUER}/revoke`,
    };
    assert.deepEqual(facts(offers), ['browser', 'device', 'pkce', 'renews-with-scope']);
    assert.deepEqual(facts({ ...offers, scopes_supported: ['openid'] }), ['browser', 'device', 'pkce', 'renews']);
  });

  it('can mean that something is not there', () => {
    assert.deepEqual(
      facts({
        grant_types_supported: ['urn:ietf:params:oauth:grant-type:device_code'],
        device_authorization_endpoint: 'x',
        revocation_endpoint: 'x',
      }),
      ['no-browser', 'device', 'pkce-unsaid', 'renewal-unsaid'],
    );
    // A list of grants is a hint.
    assert.deepEqual(facts({ grant_types_supported: ['authorization_code'], revocation_endpoint: 'x' }), [
      'browser',
      'pkce-unsaid',
      'renewal-unsaid',
    ]);
    assert.deepEqual(
      facts({ grant_types_supported: ['implicit'], response_types_supported: ['code'], revocation_endpoint: 'x' }),
      ['browser', 'pkce-unsaid', 'renewal-unsaid'],
    );
    assert.ok(facts({ token_endpoint_auth_methods_supported: ['client_secret_basic'] }).includes('secret'));
    assert.ok(
      !facts(
        { token_endpoint_auth_methods_supported: ['client_secret_basic'] },
        createDraft(presetOf('keycloak')),
      ).includes('secret'),
    );
  });

  it('is not trusted to be of its type', () => {
    const bad: ServerMetadata = {
      scopes_supported: 'openid',
      grant_types_supported: [1, null],
      code_challenge_methods_supported: { S256: true },
      token_endpoint_auth_methods_supported: 7,
    };
    assert.ok(facts(bad).every((fact) => (CAPABILITY_NOTES as readonly string[]).includes(fact)));
    assert.deepEqual(picked(other({ metadata: { scopes_supported: ['two words', 'a"b', 'openid'] } })), ['openid']);
    assert.ok(
      proposeScopes(other({ metadata: { scopes_supported: ['two words', 'fine'] } })).every(
        ({ scope }) => validateScope(scope) === undefined,
      ),
    );
  });
});

describe('the scopes to choose from', () => {
  it('have the usual ones picked where the server does not list any', () => {
    assert.deepEqual(picked(other()), DEFAULT_SCOPES);
    assert.deepEqual(picked(other({ metadata: {} })), DEFAULT_SCOPES);
  });

  it('have those of the usual ones picked that the server lists, and show the rest of both', () => {
    const draft = other({ metadata: { scopes_supported: ['notes', 'openid', 'email'] } });
    assert.deepEqual(picked(draft), ['openid', 'email']);
    assert.deepEqual(
      proposeScopes(draft).map(({ scope }) => scope),
      ['openid', 'email', 'profile', 'offline_access', 'notes'],
    );
    assert.deepEqual(
      proposeScopes(draft)
        .filter(({ isListed }) => !isListed)
        .map(({ scope }) => scope),
      ['profile', 'offline_access'],
    );
  });

  it('have offline_access picked unless the server lists scopes without it, and no grant that it would be for', () => {
    const isPicked = (metadata: Readonly<Record<string, unknown>>): boolean =>
      picked(other({ metadata })).includes('offline_access');
    const WITHOUT = { scopes_supported: ['openid'] };
    assert.deepEqual(
      [
        isPicked({ ...WITHOUT, grant_types_supported: ['authorization_code', 'refresh_token'] }),
        isPicked({ grant_types_supported: ['authorization_code'] }),
      ],
      [true, true],
    );
    assert.deepEqual(
      [
        isPicked({ scopes_supported: ['openid', 'offline_access'], grant_types_supported: ['authorization_code'] }),
        isPicked({ ...WITHOUT, grant_types_supported: ['authorization_code'] }),
      ],
      [true, false],
    );
  });

  it('have those of the ready-made definition picked, whatever the server lists', () => {
    assert.deepEqual(picked({ ...createDraft(presetOf('gitlab')), metadata: { scopes_supported: ['api'] } }), [
      'openid',
      'profile',
      'email',
    ]);
  });

  it('have those picked that the entry has, or that were chosen before', () => {
    assert.deepEqual(picked(createDraft(undefined, { scopes: ['openid', 'own'] })), ['openid', 'own']);
  });
});

describe('the entry that comes of it', () => {
  it('has what was asked for, and nothing else', () => {
    const draft = other({ id: 'acme', label: 'Acme', scopes: ['openid'] });
    assert.deepEqual(toEntry(draft), {
      id: 'acme',
      label: 'Acme',
      issuer: ISSUER,
      clientId: 'vscode',
      scopes: ['openid'],
    });
  });

  it('keeps every field of the one that is edited which was not asked for, known or not', () => {
    const old = {
      id: 'acme',
      label: 'Old',
      issuer: 'https://old.example',
      clientId: 'old',
      scopes: ['a'],
      idleTimeout: 5,
      redirectPorts: [4711],
      later: { a: 1 },
    };
    const entry = toEntry({ ...createDraft(undefined, old), issuer: ISSUER, label: 'New' });
    assert.deepEqual(entry, { ...old, issuer: ISSUER, label: 'New' });
  });

  it('takes a code for the way where the browser needs a secret and there is none', () => {
    const wayOf = (id: PresetId, withoutSecret: boolean): unknown =>
      toEntry({ ...createDraft(presetOf(id)), withoutSecret })['signInMethod'];
    assert.deepEqual(
      [
        wayOf('github-oauth', true),
        wayOf('github-oauth', false),
        wayOf('github-app', true),
        wayOf('okta', true),
        wayOf('cognito', true),
      ],
      ['device', undefined, 'device', undefined, undefined],
    );
    assert.equal(toEntry(other({ withoutSecret: true }))['signInMethod'], undefined);
  });

  it('keeps nothing of another server that would send credentials there', () => {
    const old = {
      id: 'acme',
      issuer: 'https://old.example',
      clientId: 'c',
      endpoints: { token: 'https://old.example/t' },
      resource: 'https://api.old.example',
      idleTimeout: 5,
    };
    assert.deepEqual(toEntry({ ...createDraft(undefined, old), issuer: ISSUER }), {
      id: 'acme',
      issuer: ISSUER,
      clientId: 'c',
      idleTimeout: 5,
    });
    assert.deepEqual(toEntry(createDraft(undefined, old))['endpoints'], old.endpoints);
  });

  it('keeps the fields that belong to no server, and those that it has asked for, when the issuer is another', () => {
    const kept = Object.keys(toEntry({ ...createDraft(undefined, FULL_ENTRY), issuer: ISSUER }));
    const asked: readonly ProviderField[] = ['issuer', 'clientId', 'scopes', 'redirectPorts', 'redirectUri'];
    assert.deepEqual(
      kept.toSorted(),
      FIELD_ROWS.flatMap(([field, { server }]) => (server !== 'none' && !asked.includes(field) ? [] : [field])).sort(),
    );
    assert.ok(kept.includes('idleTimeout') && !kept.includes('tokenParameters'));
  });

  it('takes the place of the one that it was made of, and leaves the others as they are', () => {
    const old = { id: 'acme', issuer: ISSUER };
    const list = [{ issuer: 7 }, 'junk', old, { id: 'last' }];
    const entry = { id: 'new', issuer: ISSUER };
    assert.deepEqual(withEntry(list, entry, old), [{ issuer: 7 }, 'junk', entry, { id: 'last' }]);
    assert.deepEqual(withEntry(list, entry, undefined), [...list, entry]);
    assert.deepEqual(list[2], old, 'the list that was given is not changed');
  });

  it('finds its place by the id where the entry was changed meanwhile, and goes to the end where it is gone', () => {
    const old = { id: 'acme', issuer: ISSUER };
    const entry = { id: 'acme', issuer: ISSUER, clientId: 'new' };
    assert.deepEqual(withEntry([{ id: 'a' }, { id: 'acme', issuer: 'https://else.example' }], entry, old), [
      { id: 'a' },
      entry,
    ]);
    assert.deepEqual(withEntry([{ id: 'a' }], entry, old), [{ id: 'a' }, entry]);
    assert.deepEqual(withEntry(undefined, entry, old), [entry]);
  });

  it('can ask its server before it is whole, and where a field that nobody asks for is bad', () => {
    assert.equal(toProvider({ ...createDraft(undefined), issuer: ISSUER })?.issuer, ISSUER);
    assert.equal(
      toProvider(createDraft(undefined, { issuer: ISSUER, clientId: 'a', idleTimeout: 'soon' }))?.clientId,
      'a',
    );
    assert.deepEqual(
      toProvider({ ...createDraft(presetOf('okta')), issuer: ISSUER })?.redirectPorts,
      presetOf('okta')?.fields?.redirectPorts,
    );
    assert.equal(toProvider({ ...createDraft(undefined), issuer: 'nothing' }), undefined);
  });
});

describe('the entries to edit', () => {
  it('are all that are objects, good or bad, by the best name that they have', () => {
    const entries = parseEntries([{ label: ' Acme\n' }, 'junk', null, [], { id: 'b' }, {}]);
    assert.deepEqual(entries.map(entryName), ['Acme', 'b', 'oidc']);
    assert.deepEqual(parseEntries({ a: 1 }), []);
  });
});
