import assert from 'node:assert/strict';
import { parseProviders } from '../../../src/core/parseProviders.ts';
import { createDraft, toEntry } from '../../../src/wizard/draft.ts';
import { validateIssuer } from '../../../src/wizard/entryValidation.ts';
import { PRESETS, placeholderIn } from '../../../src/wizard/presets.ts';
import { selectedScopes } from '../../support/wizardDrafts.ts';

describe('the presets', () => {
  for (const preset of PRESETS) {
    it(`make a valid entry for ${preset.name} when the placeholders are replaced`, () => {
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

  it('are sorted by name, with unique IDs', () => {
    const names = PRESETS.map(({ name }) => name.toLowerCase());
    assert.deepEqual(names, names.toSorted());
    assert.equal(new Set(PRESETS.map(({ id }) => id)).size, PRESETS.length);
  });

  it("don't request offline_access from servers that reject it", () => {
    assert.deepEqual(
      PRESETS.filter(({ scopes }) => !scopes.includes('offline_access')).map(({ id }) => id),
      ['cognito', 'github-app', 'github-oauth', 'gitlab', 'google'],
    );
    assert.deepEqual(
      PRESETS.filter(({ renewal, scopes }) => (renewal === 'with-scope') !== scopes.includes('offline_access')),
      [],
    );
  });

  it("aren't complete while a placeholder is left", () => {
    assert.equal(placeholderIn('https://{host}/realms/{realm}'), '{host}');
    assert.equal(placeholderIn('https://id/realms/{realm}'), '{realm}');
    assert.equal(placeholderIn('https://id/realms/a'), undefined);
    assert.deepEqual(validateIssuer('https://id.example.com/realms/{realm}'), { placeholder: '{realm}' });
  });
});
