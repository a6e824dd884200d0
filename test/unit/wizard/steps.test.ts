import assert from 'node:assert/strict';
import { createDraft, toEntry, type Draft } from '../../../src/wizard/draft.ts';
import { PRESETS } from '../../../src/wizard/presets.ts';
import {
  adjacentStep,
  findPresetRequiringSecret,
  getSteps,
  mayHaveSecret,
  type Step,
} from '../../../src/wizard/steps.ts';
import { draftWith, presetOf } from '../../support/wizardDrafts.ts';

/** Returns the steps from the first to the last, or back. */
function walkSteps(draft: Draft, direction: 1 | -1): Step[] {
  const steps: Step[] = [direction === 1 ? 'server' : 'summary'];
  for (;;) {
    const next = adjacentStep(steps.at(-1) ?? 'server', draft, direction);
    if (next === undefined) {
      return steps;
    }
    steps.push(next);
  }
}

describe('the steps', () => {
  const withMethods = (...methods: string[]): Draft =>
    draftWith({ metadata: { token_endpoint_auth_methods_supported: methods } });

  it('are the server, the issuer, the client ID and the summary', () => {
    const all: Step[] = ['server', 'issuer', 'client', 'summary'];
    assert.deepEqual(getSteps(createDraft(undefined)), all);
    for (const metadata of [{}, null]) {
      assert.deepEqual(walkSteps(draftWith({ metadata }), 1), all);
      assert.deepEqual(walkSteps(draftWith({ metadata }), -1), all.toReversed());
    }
  });

  it('include the secret only if the server can require one and lists no client without', () => {
    assert.deepEqual(getSteps(withMethods('client_secret_basic')), ['server', 'issuer', 'client', 'secret', 'summary']);
    for (const methods of [['none'], ['none', 'client_secret_post'], ['private_key_jwt'], []]) {
      assert.ok(!getSteps(withMethods(...methods)).includes('secret'), methods.join());
    }
  });

  it('include the secret for a product that requires one, at least in the browser', () => {
    for (const { id, secret } of PRESETS) {
      assert.equal(getSteps(createDraft(presetOf(id))).includes('secret'), secret !== 'none', id);
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

  it('allow a secret unless the server or the preset supports none', () => {
    assert.deepEqual(
      [withMethods('none'), withMethods('none', 'client_secret_post'), withMethods()].map(mayHaveSecret),
      [false, true, true],
    );
    const keycloak = { ...createDraft(presetOf('keycloak')), metadata: withMethods('client_secret_basic').metadata };
    assert.equal(mayHaveSecret(keycloak), false);
  });

  it('require a secret only for a product that has no client without one', () => {
    const requiring = (withoutSecret: boolean): string[] =>
      PRESETS.map(({ id }) => id).filter(
        (id) => findPresetRequiringSecret({ ...createDraft(presetOf(id)), withoutSecret }) !== undefined,
      );
    assert.deepEqual([requiring(true), requiring(false)], [['google'], []]);
    assert.equal(findPresetRequiringSecret(draftWith({ withoutSecret: true })), undefined);
  });

  it('omit the issuer for a product with one issuer only', () => {
    assert.deepEqual(
      PRESETS.filter(({ id }) => !getSteps(createDraft(presetOf(id))).includes('issuer')).map(({ id }) => id),
      ['github-app', 'github-oauth', 'google'],
    );
    assert.deepEqual(walkSteps(createDraft(presetOf('github-oauth')), 1), ['server', 'client', 'secret', 'summary']);
    assert.deepEqual(toEntry(createDraft(presetOf('github-app')))['scopes'], []);
  });

  it('are the summary only for an existing entry', () => {
    const draft = createDraft(undefined, { issuer: 'https://id.example.com', clientId: 'c' });
    assert.deepEqual(walkSteps(draft, 1), ['server', 'summary']);
    assert.deepEqual(walkSteps(draft, -1), ['summary', 'server']);
  });
});
