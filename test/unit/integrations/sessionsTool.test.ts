// What the tool for language models returns about the sessions.
import assert from 'node:assert/strict';
import { describeSessions } from '../../../src/integrations/sessionsTool.ts';
import { Failure } from '../../../src/core/failure.ts';
import type { LiveSession } from '../../../src/core/status.ts';
import { Settings } from '../../../src/host/settings.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { editor } from '../../support/fakeEditor.ts';
import { recordAt } from '../../support/testWindow.ts';

describe('the language model tool', () => {
  const clock = new FakeClock();
  let settings: Settings;
  beforeEach(() => {
    editor.reset();
    settings = new Settings(0);
  });
  afterEach(() => settings.dispose());

  const describeAll = (sessions: readonly LiveSession[]): string => {
    const { content } = describeSessions({ clock, settings, sessions: { liveSessions: { all: () => sessions } } });
    return content.map((part) => (part as { readonly value: string }).value).join('');
  };
  const live = (more: Partial<LiveSession> = {}, record: object = {}): LiveSession => ({
    record: { ...recordAt('https://id.example.com', clock.now()), ...record },
    refreshing: false,
    failures: 0,
    unsaved: false,
    ...more,
  });
  const configure = (): void =>
    editor.configure('sessionKeeper.providers', [
      { id: 'acme', label: 'Acme', issuer: 'https://id.example.com', clientId: 'editor' },
    ]);

  it('explains how to add a provider if there is none', () => {
    assert.match(describeAll([]), /Add Provider…/u);
  });

  it('reports that the user is signed out', () => {
    configure();
    assert.match(describeAll([]), /"label":"Acme","sessions":"Signed out\./u);
  });

  it('reports each session with its state and reason', () => {
    configure();
    const failure = Object.assign(new Failure('network', 'ECONNREFUSED'), { at: 0 });
    const ended = { ended: { at: clock.now(), category: 'session-ended', code: 'invalid_grant' } };
    for (const [session, expected] of [
      [live(), /"state":"signed-in","meaning":"Signed in\. Tokens/u],
      [live({ failure }), /"state":"retrying".*"problem":"Couldn't reach Acme/u],
      [live({}, ended), /"state":"ended","meaning":"The session has ended\./u],
    ] as const) {
      assert.match(describeAll([session]), expected);
    }
  });

  it('contains no token', () => {
    configure();
    const secrets = { accessToken: 'secret-1', refreshToken: 'secret-2', idToken: 'secret-3' };
    const text = describeAll([live({}, secrets)]);
    assert.match(text, /"account"/u);
    assert.doesNotMatch(text, /secret-/u);
  });
});
