import assert from 'node:assert/strict';
import { Failure } from '../../../src/core/failure.ts';
import type { Category } from '../../../src/core/failurePolicies.ts';
import type { Action } from '../../../src/core/failurePolicy.ts';
import type { Settings } from '../../../src/host/settings.ts';
import { NotificationCenter, type NotificationDependencies } from '../../../src/ui/notificationCenter.ts';
import type { ActionTarget, RecoveryActions } from '../../../src/ui/recoveryActions.ts';
import { editor } from '../../support/fakeEditor.ts';

describe('the report of a failed user request', () => {
  let notifications: NotificationCenter;

  beforeEach(() => {
    editor.reset();
    const getItems = (actions: readonly Action[]): Promise<{ readonly label: string }[]> =>
      Promise.resolve(actions.map((label) => ({ label })));
    notifications = new NotificationCenter({
      settings: { nameOf: () => 'Acme' } as unknown as Settings,
      actions: { getItems } as unknown as RecoveryActions,
    } as NotificationDependencies);
  });

  const buttonsAfter = async (category: Category, code: string): Promise<(readonly string[])[]> => {
    notifications.reportFailure(new Failure(category, code), { providerId: 'acme' } as ActionTarget);
    await Promise.resolve();
    await Promise.resolve();
    return editor.messages.map(({ buttons }) => buttons);
  };

  it('offers the actions of the category', async () => {
    assert.deepEqual(await buttonsAfter('network', 'ECONNRESET'), [['retry', 'log']]);
  });

  it("also offers a fixed port if the browser hasn't returned", async () => {
    assert.deepEqual(await buttonsAfter('sign-in-timeout', 'sign-in-timeout'), [
      ['sign-in', 'other-method', 'fixed-port'],
    ]);
  });

  it('is shown if the user canceled, but not if they changed the entry in the meantime', async () => {
    assert.deepEqual(await buttonsAfter('canceled', 'canceled'), [['other-method', 'copy-redirect']]);
    editor.reset();
    assert.deepEqual(await buttonsAfter('canceled', 'entry-changed'), []);
  });

  it("isn't shown if a newer attempt replaced the failed one", async () => {
    assert.deepEqual(await buttonsAfter('replaced', 'replaced'), []);
  });
});
