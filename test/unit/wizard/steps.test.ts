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

/** The steps from the first to the last, if the user answers each of them without a change. */
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

describe('the steps of adding a provider', () => {
  it('are all there for a server that has answered and may want a secret', () => {
    const all: Step[] = [
      'server',
      'issuer',
      'capabilities',
      'redirect',
      'client',
      'secret',
      'scopes',
      'label',
      'id',
      'summary',
    ];
    assert.deepEqual(walkSteps(draftWith({ metadata: {} }), 1), all);
    assert.deepEqual(walkSteps(draftWith({ metadata: {} }), -1), all.toReversed());
    assert.deepEqual(getSteps(draftWith({ metadata: {} })), all);
  });

  it('leave out what the server offers where it has not been found, and count it as long as it can be', () => {
    assert.ok(!walkSteps(draftWith({ metadata: null }), 1).includes('capabilities'));
    assert.ok(!walkSteps(draftWith({ metadata: null }), -1).includes('capabilities'));
    assert.ok(getSteps(createDraft(undefined)).includes('capabilities'));
  });

  it('leave out the secret where the server takes none, or the ready-made definition has none', () => {
    assert.ok(
      !walkSteps(draftWith({ metadata: { token_endpoint_auth_methods_supported: ['none'] } }), 1).includes('secret'),
    );
    assert.ok(
      walkSteps(
        draftWith({ metadata: { token_endpoint_auth_methods_supported: ['none', 'client_secret_post'] } }),
        1,
      ).includes('secret'),
    );
    assert.ok(
      walkSteps(
        draftWith({ metadata: { token_endpoint_auth_methods_supported: ['client_secret_basic'] } }),
        1,
      ).includes('secret'),
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
    assert.equal(findPresetRequiringSecret(draftWith({ withoutSecret: true })), undefined);
  });

  it('ask for no issuer where the endpoints are known, and for no scopes where there are none', () => {
    assert.deepEqual(walkSteps(createDraft(presetOf('github-oauth')), 1), [
      'server',
      'capabilities',
      'redirect',
      'client',
      'secret',
      'scopes',
      'label',
      'id',
      'summary',
    ]);
    assert.deepEqual(walkSteps(createDraft(presetOf('github-app')), -1), [
      'summary',
      'id',
      'label',
      'secret',
      'client',
      'redirectUri',
      'redirect',
      'capabilities',
      'server',
    ]);
    assert.deepEqual(toEntry(createDraft(presetOf('github-app')))['scopes'], []);
  });

  it('find their neighbour even where they are themselves left out since', () => {
    assert.equal(adjacentStep('capabilities', draftWith({ metadata: null }), 1), 'redirect');
    assert.equal(adjacentStep('capabilities', draftWith({ metadata: null }), -1), 'issuer');
  });
});
