// Settings: an entry copied from a wiki, from synced settings, or written by another extension.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseProviders } from '../../src/core/parseProviders.ts';
import { isSecureUrl } from '../../src/core/secureUrl.ts';
import { describeEntryProblem } from '../../src/host/settingsMessages.ts';
import { FULL_ENTRY } from '../support/fieldSamples.ts';
import { hostileJson, mutated } from './inputs.ts';
import { assertClean, target } from './target.ts';

const entry = fc.oneof({ weight: 5, arbitrary: mutated(FULL_ENTRY) }, hostileJson);

/** Every entry is used with safe URLs only, or rejected with a message. */
export const settings = target('settings', fc.oneof(fc.array(entry, { maxLength: 3 }), hostileJson), (value) => {
  const { problems, providers } = parseProviders(value);
  for (const { endpoints, issuer } of providers) {
    const urls: readonly (string | undefined)[] = [issuer, ...Object.values(endpoints ?? {})];
    for (const url of urls.filter((one) => one !== undefined)) {
      const { password, username } = new URL(url);
      assert.ok(isSecureUrl(url), url);
      assert.equal(username + password, '');
    }
  }
  problems.forEach((problem) => assertClean(describeEntryProblem(problem)));
});
