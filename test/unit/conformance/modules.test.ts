// The relying-party modules of the OpenID Foundation's conformance suite, one test each, with the Foundation's names.
import assert from 'node:assert/strict';
import { FAILURE_POLICIES } from '../../../src/core/failurePolicies.ts';
import { FOUNDATION_MODULES } from '../../support/conformance/foundation.ts';
import { MODULES } from '../../support/conformance/modules.ts';
import { RelyingParty } from '../../support/conformance/relyingParty.ts';

describe("The OpenID Foundation's conformance suite", () => {
  let party: RelyingParty | undefined;

  afterEach(async () => {
    await party?.part();
    party = undefined;
  });

  for (const { hasSecret, name, provider, run } of MODULES) {
    it(name, async () => {
      party = await RelyingParty.meet(provider, hasSecret);
      await run(party);
      assert.deepEqual(party.complaints(), []);
    });
  }

  it("has a test for each of its modules, and a reason for each that doesn't apply", () => {
    assert.deepEqual(
      MODULES.map(({ name }) => name),
      FOUNDATION_MODULES,
    );
    for (const { because, category, name, verdict } of MODULES) {
      assert.ok(verdict !== 'not applicable' || because !== undefined, name);
      assert.ok(verdict === 'accepts' ? category === undefined : category !== undefined || because !== undefined, name);
      assert.ok(
        category === undefined || FAILURE_POLICIES[category].outcome !== 'ended' || verdict === 'not applicable',
        `${name}: no fault in a response ends a session`,
      );
    }
  });
});
