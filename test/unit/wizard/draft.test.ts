import assert from 'node:assert/strict';
import type { ProviderField } from '../../../src/core/provider.ts';
import { FIELD_ROWS } from '../../../src/core/providerFields.ts';
import {
  createDraft,
  normalizeIssuer,
  toEntry,
  toProvider,
  toggleTrailingSlash,
  withMetadata,
} from '../../../src/wizard/draft.ts';
import { entryName, parseEntries, withEntry } from '../../../src/wizard/entries.ts';
import { validateClientId, validateId, validateIssuer, validateScope } from '../../../src/wizard/entryValidation.ts';
import type { PresetId } from '../../../src/wizard/presets.ts';
import { proposeId, proposeLabel } from '../../../src/wizard/proposals.ts';
import { FULL_ENTRY } from '../../support/fieldSamples.ts';
import { ISSUER, draftWith, presetOf } from '../../support/wizardDrafts.ts';

describe('the issuer', () => {
  it('is normalized: without surrounding space and the discovery path, with a missing scheme', () => {
    assert.equal(normalizeIssuer(` ${ISSUER}/a \n`), `${ISSUER}/a`);
    assert.equal(normalizeIssuer(`${ISSUER}/a/.well-known/openid-configuration`), `${ISSUER}/a`);
    assert.equal(normalizeIssuer(`${ISSUER}/.well-known/oauth-authorization-server/a`), `${ISSUER}/a`);
    assert.equal(normalizeIssuer('id.example.com/.well-known/openid-configuration'), ISSUER);
    assert.equal(normalizeIssuer('id.example.com/a'), `${ISSUER}/a`);
    assert.equal(normalizeIssuer('http://id.example.com'), 'http://id.example.com');
    assert.equal(normalizeIssuer('  '), '');
  });

  it('gets the scheme http: on loopback hosts only', () => {
    for (const loopback of ['localhost', 'localhost:8080/realms/a', '127.0.0.1:3000', '[::1]:9/a']) {
      assert.equal(normalizeIssuer(loopback), `http://${loopback}`);
    }
    for (const remote of [
      'localhost.example.com',
      '10.0.0.1:8080',
      'localhost@id.example.com',
      '127.0.0.1.example.com/a',
    ]) {
      assert.equal(normalizeIssuer(remote), `https://${remote}`);
    }
  });

  it('keeps its trailing slash, which can be toggled', () => {
    assert.equal(normalizeIssuer(`${ISSUER}/`), `${ISSUER}/`);
    assert.equal(toggleTrailingSlash(ISSUER), `${ISSUER}/`);
    assert.equal(toggleTrailingSlash(`${ISSUER}/`), ISSUER);
  });

  it('takes the trailing slash of the metadata, and no other difference', () => {
    assert.equal(withMetadata(draftWith(), { issuer: `${ISSUER}/` }).issuer, `${ISSUER}/`);
    assert.equal(withMetadata(draftWith({ issuer: `${ISSUER}/` }), { issuer: ISSUER }).issuer, ISSUER);
    for (const issuer of [ISSUER, 'https://other.example', `${ISSUER}/{tenantid}`, undefined, 7]) {
      assert.equal(withMetadata(draftWith(), { issuer }).issuer, ISSUER);
    }
  });

  it('is validated by the rules of the settings', () => {
    assert.equal(validateIssuer(ISSUER), undefined);
    assert.equal(validateIssuer('http://127.0.0.1:8080'), undefined);
    assert.deepEqual(validateIssuer('http://id.example.com'), { code: 'not-https', field: 'issuer' });
    assert.deepEqual(validateIssuer(`${ISSUER}?a=b`), { code: 'bad-url', field: 'issuer' });
    assert.deepEqual(validateIssuer(''), { code: 'missing', field: 'issuer' });
  });
});

describe('the other answers', () => {
  it('are validated by the rules of the settings', () => {
    assert.equal(validateClientId('vscode'), undefined);
    assert.deepEqual(validateClientId(' '), { code: 'missing', field: 'clientId' });
    assert.equal(validateScope('api/read'), undefined);
    assert.deepEqual(validateScope('two words'), { code: 'bad-scope', field: 'scopes' });
  });

  it('reject an ID that another entry or VS Code uses, including the default ID', () => {
    const others = [{ id: 'acme' }, { issuer: ISSUER }];
    assert.equal(validateId('acme-2', others), undefined);
    assert.deepEqual(validateId('acme', others), { code: 'id-twice', field: 'id' });
    assert.deepEqual(validateId('oidc', others), { code: 'id-twice', field: 'id' });
    assert.deepEqual(validateId('github', []), { code: 'id-of-built-in', field: 'id' });
    assert.deepEqual(validateId('1a', []), { code: 'bad-id', field: 'id' });
  });

  it('have a proposed label that no other entry has', () => {
    const keycloak = { ...createDraft(presetOf('keycloak')), issuer: `${ISSUER}/realms/a` };
    const byHand = draftWith({ issuer: `${ISSUER}/realms/a/` });
    assert.equal(proposeLabel(keycloak, [{ label: 'Okta' }]), 'Keycloak');
    assert.equal(proposeLabel(keycloak, [{ label: 'Keycloak' }]), 'Keycloak (id.example.com)');
    assert.equal(proposeLabel(keycloak, [{ label: 'Keycloak' }, { label: 'Keycloak (id.example.com)' }]), 'Keycloak 2');
    assert.equal(proposeLabel(byHand, [{ label: 'id.example.com' }]), 'id.example.com/realms/a');
    assert.equal(proposeLabel(draftWith(), [{ label: 'id.example.com' }]), 'id.example.com 2');
  });

  it('have valid proposals: a label from the product or the host, an ID from the label', () => {
    assert.equal(proposeLabel(draftWith()), 'id.example.com');
    assert.equal(proposeLabel(createDraft(presetOf('okta'))), 'Okta');
    assert.equal(proposeLabel(draftWith({ label: 'Mine' })), 'Mine');
    assert.equal(proposeId(draftWith({ label: 'Microsoft Entra ID' }), []), 'microsoft-entra-id');
    assert.equal(proposeId(draftWith({ label: 'Acmé' }), [{ id: 'acme' }, { id: 'acme-2' }]), 'acme-3');
    assert.equal(proposeId(draftWith({ label: '認証' }), []), 'oidc');
    assert.equal(proposeId(draftWith({ label: 'GitHub' }), []), 'github-2');
    assert.equal(proposeId(draftWith({ id: 'kept', label: 'Other' }), []), 'kept');
    assert.equal(validateId(proposeId(draftWith({ label: `42 ${'x'.repeat(99)}` }), []), []), undefined);
  });
});

describe('toEntry', () => {
  it('returns the answers only', () => {
    const draft = draftWith({ id: 'acme', label: 'Acme', scopes: ['openid'] });
    assert.deepEqual(toEntry(draft), {
      id: 'acme',
      label: 'Acme',
      issuer: ISSUER,
      clientId: 'vscode',
      scopes: ['openid'],
    });
  });

  it('keeps the other fields of the edited entry, known or not', () => {
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

  it('selects the device code flow if the browser flow requires a secret and there is none', () => {
    const methodOf = (id: PresetId, withoutSecret: boolean): unknown =>
      toEntry({ ...createDraft(presetOf(id)), withoutSecret })['signInMethod'];
    assert.deepEqual(
      [
        methodOf('github-oauth', true),
        methodOf('github-oauth', false),
        methodOf('github-app', true),
        methodOf('okta', true),
        methodOf('cognito', true),
      ],
      ['device', undefined, 'device', undefined, undefined],
    );
    assert.equal(toEntry(draftWith({ withoutSecret: true }))['signInMethod'], undefined);
  });

  it('drops fields that would send credentials to the previous server', () => {
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

  it('keeps the answers and the fields of no particular server when the issuer changes', () => {
    const fields = Object.keys(toEntry({ ...createDraft(undefined, FULL_ENTRY), issuer: ISSUER }));
    const answered: readonly ProviderField[] = ['issuer', 'clientId', 'scopes', 'redirectPorts', 'redirectUri'];
    assert.deepEqual(
      fields.toSorted(),
      FIELD_ROWS.flatMap(([field, { server }]) =>
        server !== 'none' && !answered.includes(field) ? [] : [field],
      ).sort(),
    );
    assert.ok(fields.includes('idleTimeout') && !fields.includes('tokenParameters'));
  });
});

describe('withEntry', () => {
  it('replaces the original entry, and keeps the others', () => {
    const old = { id: 'acme', issuer: ISSUER };
    const list = [{ issuer: 7 }, 'junk', old, { id: 'last' }];
    const entry = { id: 'new', issuer: ISSUER };
    assert.deepEqual(withEntry(list, entry, old), [{ issuer: 7 }, 'junk', entry, { id: 'last' }]);
    assert.deepEqual(withEntry(list, entry, undefined), [...list, entry]);
    assert.deepEqual(list[2], old, 'the original list is unchanged');
  });

  it('finds a changed original by its ID, and appends the entry if the original is gone', () => {
    const old = { id: 'acme', issuer: ISSUER };
    const entry = { id: 'acme', issuer: ISSUER, clientId: 'new' };
    assert.deepEqual(withEntry([{ id: 'a' }, { id: 'acme', issuer: 'https://changed.example' }], entry, old), [
      { id: 'a' },
      entry,
    ]);
    assert.deepEqual(withEntry([{ id: 'a' }], entry, old), [{ id: 'a' }, entry]);
    assert.deepEqual(withEntry(undefined, entry, old), [entry]);
  });
});

describe('toProvider', () => {
  it('returns a provider for discovery from an incomplete draft, and despite an invalid field', () => {
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

describe('the existing entries', () => {
  it('are all objects, valid or not, by their label or ID', () => {
    const entries = parseEntries([{ label: ' Acme\n' }, 'junk', null, [], { id: 'b' }, {}]);
    assert.deepEqual(entries.map(entryName), ['Acme', 'b', 'oidc']);
    assert.deepEqual(parseEntries({ a: 1 }), []);
  });
});
