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
    assert.equal(withMetadata(draftWith(), { issuer: `${ISSUER}/` }).issuer, `${ISSUER}/`);
    assert.equal(withMetadata(draftWith({ issuer: `${ISSUER}/` }), { issuer: ISSUER }).issuer, ISSUER);
    for (const issuer of [ISSUER, 'https://elsewhere.example', `${ISSUER}/{tenantid}`, undefined, 7]) {
      assert.equal(withMetadata(draftWith(), { issuer }).issuer, ISSUER);
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

describe('the entry that comes of it', () => {
  it('has what was asked for, and nothing else', () => {
    const draft = draftWith({ id: 'acme', label: 'Acme', scopes: ['openid'] });
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
    assert.equal(toEntry(draftWith({ withoutSecret: true }))['signInMethod'], undefined);
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
