import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { LiveSession } from '../../../src/core/status.ts';
import type { SessionManager } from '../../../src/sessions/sessionManager.ts';
import { COMMANDS, PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { Settings } from '../../../src/host/settings.ts';
import { PendingSignIns } from '../../../src/auth/pendingSignIns.ts';
import { StatusBar } from '../../../src/ui/statusBar.ts';
import { live, SAMPLE, SIGNED_IN_AT, UNRENEWABLE } from '../../support/coreSamples.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { editor, type FakeStatusItem } from '../../support/fakeEditor.ts';

describe('the status bar', () => {
  let clock: FakeClock;
  let settings: Settings;
  let bar: StatusBar;
  let sessions: LiveSession[];

  beforeEach(() => {
    editor.reset();
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: 'acme', label: 'Acme', issuer: 'https://id.example.com', clientId: 'client-1' },
    ]);
    clock = new FakeClock(SIGNED_IN_AT);
    settings = new Settings(0);
    sessions = [];
    bar = new StatusBar(clock, { getAll: () => sessions } as unknown as SessionManager, new PendingSignIns(), settings);
  });

  afterEach(() => {
    bar.dispose();
    settings.dispose();
  });

  const item = (): FakeStatusItem => {
    const [only, ...others] = editor.statusItems;
    assert.ok(only !== undefined && others.length === 0);
    return only;
  };
  /** Returns its text without the icon. */
  const shown = (): string => item().text.replace(/^\$\([\w~-]+\) /, '');

  /** Returns the Markdown of its tooltip. */
  const tooltip = (): string => (item().tooltip as { readonly value: string }).value;

  it('shows when a program in the terminal last got the token', () => {
    sessions = [live(SAMPLE)];
    bar.update();
    assert.ok(!tooltip().includes('terminal'));
    sessions = [live(SAMPLE, { terminalUsedAt: SIGNED_IN_AT })];
    bar.update();
    assert.match(tooltip(), /Last used in the terminal/u);
  });

  it('counts down to the renewal in hours, minutes and seconds, and shows when it is due', async () => {
    sessions = [live({ ...SAMPLE, accessExpiresAt: SIGNED_IN_AT + 4 * HOUR })];
    bar.update();
    const seen = [shown()];
    while (clock.now() < SIGNED_IN_AT + 4 * HOUR) {
      await clock.advance(SECOND);
      if (seen.at(-1) !== shown()) {
        seen.push(shown());
      }
    }
    assert.deepEqual(seen.slice(0, 3), [
      'Acme: renews in 3 hours',
      'Acme: renews in 2 hours',
      'Acme: renews in 119 minutes',
    ]);
    assert.deepEqual(seen.slice(-4), [
      'Acme: renews in 2 seconds',
      'Acme: renews in 1 second',
      'Acme: renews in 0 seconds',
      'Acme: renewing…',
    ]);
    assert.equal(seen.filter((one) => one.endsWith('minutes')).length, 118);
  });

  it('has one section per account, with the state of its worst session', () => {
    const ended = { at: SIGNED_IN_AT, category: 'session-ended', code: 'invalid_grant' };
    const dead = { ...SAMPLE, id: 'dead', scopes: ['write'], ended, accessExpiresAt: SIGNED_IN_AT };
    sessions = [live(SAMPLE), live({ ...SAMPLE, id: 'other', scopes: ['read'] })];
    bar.update();
    assert.doesNotMatch(shown(), /\(\+/);
    assert.equal(tooltip().match(/Account&#58;/g)?.length, 1);
    assert.doesNotMatch(tooltip(), /Scopes/);
    sessions = [...sessions, live(dead)];
    bar.update();
    assert.equal(shown(), 'Acme: sign in again');
    assert.deepEqual(
      [...tooltip().matchAll(/Scopes&#58; (.*?) {2}\nState&#58; (.*?) {2}/g)].map(([, scopes, state]) => [
        scopes,
        state,
      ]),
      [
        ['write', 'Session ended'],
        ['openid profile read', 'Signed in'],
      ],
    );
    sessions = [...sessions, live({ ...SAMPLE, id: 'kim', account: { id: 'account-2', label: 'Kim' } })];
    bar.update();
    assert.equal(shown(), 'Acme: sign in again (+1)');
  });

  it('asks to sign in again as soon as the server has ended the session, and shows how long its token can be used', async () => {
    const ended = { at: SIGNED_IN_AT, category: 'session-ended', code: 'invalid_grant' };
    sessions = [live({ ...SAMPLE, ended, accessExpiresAt: SIGNED_IN_AT + 4 * MINUTE })];
    bar.update();
    assert.deepEqual([item().text, item().backgroundColor !== undefined], ['$(error) Acme: sign in again', true]);
    assert.match(tooltip(), /State&#58; Session ended {2}\nAccess token usable until&#58; /);
    assert.doesNotMatch(tooltip(), /Session ends|Expires soon|Renew Now/);
    await clock.advance(5 * MINUTE);
    assert.equal(shown(), 'Acme: sign in again');
    assert.match(tooltip(), /State&#58; Session ended {2}\nAccess token usable until&#58; /);
  });

  it('shows below its provider that an ID is used by another extension, and links to the settings first', () => {
    const takenIds = new Map([['acme', 'The ID is used by Rival.']]);
    bar.dispose();
    editor.statusItems.length = 0;
    bar = new StatusBar(
      clock,
      { getAll: () => sessions } as unknown as SessionManager,
      new PendingSignIns(),
      settings,
      takenIds,
    );
    const message = 'The ID is used by Rival&#46;  \n';
    const links = (): string[] =>
      [...tooltip().matchAll(/\[([^\]]+)\]\(command:([^?)]+)/g)].map(([, label = '']) => label);
    bar.update();
    assert.ok(tooltip().includes(`#### Acme\n\n${message}`), tooltip());
    assert.deepEqual(links(), ['Open Settings', 'Sign In', 'Show Log']);
    sessions = [live(SAMPLE)];
    bar.update();
    assert.equal(shown(), 'Acme: needs attention');
    assert.ok(tooltip().includes(`#### Acme\n\n${message}Account&#58;`), tooltip());
    assert.match(tooltip(), /State&#58; Needs attention/);
    assert.equal(tooltip().split('####').length, 2);
    assert.deepEqual(links(), ['Open Settings', 'Renew Now', 'Show Log', 'Sign Out']);
    assert.ok(tooltip().includes('(command:workbench.action.openSettings?%22sessionKeeper%22)'));
    takenIds.clear();
    bar.update();
    assert.deepEqual(links(), ['Renew Now', 'Show Log', 'Sign Out']);
  });

  it('shows in the tooltip which window is renewing while this one waits for it', () => {
    const renewing = { ...live(SAMPLE), refreshing: true };
    sessions = [{ ...renewing, lockHolder: { number: 1, name: 'process 7', since: SIGNED_IN_AT } }];
    bar.update();
    assert.match(tooltip(), /Another window is renewing this session &#40;process 7/);
    sessions = [{ ...renewing, lockHolder: { number: 1, name: undefined, since: undefined } }];
    bar.update();
    assert.match(tooltip(), /Another window is renewing this session {2}/);
    sessions = [renewing];
    bar.update();
    assert.doesNotMatch(tooltip(), /Another window/);
  });

  it("counts down to the end of a session that can't be renewed, and warns before it with a background color", async () => {
    sessions = [live(UNRENEWABLE)];
    bar.update();
    assert.deepEqual([shown(), item().backgroundColor], ['Acme: 60 minutes left', undefined]);
    await clock.advance(30 * MINUTE);
    assert.equal(shown(), 'Acme: 30 minutes left');
    await clock.advance(21 * MINUTE);
    assert.equal(shown(), 'Acme: expires in 9 minutes');
    assert.notEqual(item().backgroundColor, undefined);
    await clock.advance(9 * MINUTE + SECOND);
    assert.equal(shown(), 'Acme: sign in again');
  });

  it('has an up-to-date label for screen readers, with the text and what a click does', async () => {
    sessions = [live(UNRENEWABLE)];
    bar.update();
    for (let minute = 0; minute < 3; minute += 1) {
      assert.deepEqual(item().accessibilityInformation, {
        label: `${shown()}, Session Keeper, show sessions and actions`,
        role: 'button',
      });
      await clock.advance(MINUTE);
    }
    assert.deepEqual(
      [shown(), item().command, item().name],
      ['Acme: 57 minutes left', COMMANDS.showSessions, 'Session Keeper'],
    );
  });

  it('offers to sign in only if the user is signed out of a provider, or a session has ended', () => {
    const offersSignIn = (): boolean => {
      bar.update();
      return tooltip().includes(`[Sign In](command:${COMMANDS.signIn})`);
    };
    assert.ok(offersSignIn());
    sessions = [live(SAMPLE)];
    assert.ok(!offersSignIn());
    sessions = [live(UNRENEWABLE)];
    assert.ok(!offersSignIn());
    const ended = { at: SIGNED_IN_AT, category: 'session-ended', code: 'invalid_grant' };
    sessions = [live(SAMPLE), live({ ...SAMPLE, id: 'ended', ended })];
    assert.ok(offersSignIn());
    sessions = [live(SAMPLE)];
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      { id: 'acme', label: 'Acme', issuer: 'https://id.example.com', clientId: 'client-1' },
      { id: 'other', label: 'Other', issuer: 'https://id.example.com', clientId: 'client-1' },
    ]);
    assert.ok(offersSignIn());
  });

  it('has one timer at a time, and none after it was disposed', async () => {
    sessions = [live(SAMPLE)];
    bar.update();
    bar.update();
    assert.equal(clock.pending, 1);
    await clock.advance(MINUTE);
    assert.equal(clock.pending, 1);
    bar.dispose();
    assert.deepEqual([clock.pending, item().isShown], [0, false]);
  });
});
