import assert from 'node:assert/strict';
import type { LiveSession } from '../../../src/core/status.ts';
import type { SessionManager } from '../../../src/sessions/sessionManager.ts';
import { ContextKeys } from '../../../src/ui/contextKeys.ts';
import { live, SAMPLE } from '../../support/coreSamples.ts';
import { editor } from '../../support/fakeEditor.ts';

describe('the context keys', () => {
  let sessions: LiveSession[];
  let ended: LiveSession[];
  let unused: LiveSession[];
  let keys: ContextKeys;

  beforeEach(() => {
    editor.reset();
    [sessions, ended, unused] = [[], [], []];
    const sessionManager: Pick<SessionManager, 'getActive' | 'getAll' | 'getUnused'> = {
      getAll: () => sessions,
      getUnused: () => unused,
      getActive: () => sessions.filter((session) => !ended.includes(session)),
    };
    keys = new ContextKeys(sessionManager as SessionManager);
  });

  /** Updates the keys, and returns those that were set, with their values. */
  function update(): Record<string, unknown> {
    editor.executed.length = 0;
    keys.update();
    return Object.fromEntries(editor.executed.map(([, key, value]) => [String(key), value]));
  }

  const session = (providerId: string): LiveSession => live({ ...SAMPLE, id: `session-${providerId}`, providerId });

  it('are false without a session', () => {
    assert.deepEqual(update(), {
      'sessionKeeper.hasSessions': false,
      'sessionKeeper.canSignOut': false,
      'sessionKeeper.canRenew': false,
      'sessionKeeper.signedIn': false,
    });
  });

  it('allow signing out of a session that is not used', () => {
    update();
    unused = [session('removed')];
    assert.deepEqual(update(), { 'sessionKeeper.canSignOut': true });
  });

  it('include one for each provider that had a session, and only change with it', () => {
    sessions = [session('acme'), session('globex')];
    assert.deepEqual(update(), {
      'sessionKeeper.hasSessions': true,
      'sessionKeeper.canSignOut': true,
      'sessionKeeper.canRenew': true,
      'sessionKeeper.signedIn': true,
      'sessionKeeper.signedIn.acme': true,
      'sessionKeeper.signedIn.globex': true,
    });
    assert.deepEqual(update(), {});
    sessions = sessions.slice(1);
    assert.deepEqual(update(), { 'sessionKeeper.signedIn.acme': false });
  });

  it('are those of a user who is signed out once a session has ended', () => {
    sessions = [session('acme')];
    update();
    ended = sessions;
    assert.deepEqual(update(), { 'sessionKeeper.signedIn': false, 'sessionKeeper.signedIn.acme': false });
  });
});
