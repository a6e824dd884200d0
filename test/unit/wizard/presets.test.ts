import assert from 'node:assert/strict';
import { parseProviders } from '../../../src/core/parseProviders.ts';
import { createDraft, toEntry } from '../../../src/wizard/draft.ts';
import { validateIssuer } from '../../../src/wizard/entryValidation.ts';
import { PRESETS, placeholderIn } from '../../../src/wizard/presets.ts';
import { selectedScopes } from '../../support/wizardDrafts.ts';

describe('the ready-made definitions', () => {
  for (const preset of PRESETS) {
    it(`make a good entry of ${preset.name}, once it is filled in`, () => {
      const issuer = preset.issuer.replaceAll(/\{[^{}]*\}/g, 'acme');
      const draft = {
        ...createDraft(preset),
        issuer,
        clientId: 'vscode',
        id: 'acme',
        scopes: selectedScopes(createDraft(preset)),
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
