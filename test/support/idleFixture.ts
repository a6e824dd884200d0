// Several windows with an idle timeout.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../src/core/clock.ts';
import { rotatingTokens, ScriptedServer } from './scriptedServer.ts';
import { remainsOfSessions } from './simulation/invariants.ts';
import { type StoreModel } from './simulation/sharedSecrets.ts';
import { Windows, type Window } from './windows.ts';

/** The idle timeout of `acme`, in ms. */
export const TIMEOUT = 30 * MINUTE;

/** Windows that share one server and have an idle timeout, and the events that they fire. */
export class IdleFixture {
  readonly server: ScriptedServer;
  /** The idle timeouts, in ms, by provider ID. A test may change them. */
  readonly timeouts = new Map([['acme', TIMEOUT]]);
  /** The events of all windows, in order: `warn s1`, `cancel s1`, `out s1`. */
  readonly events: string[] = [];
  windows: Windows;

  private constructor(server: ScriptedServer) {
    this.server = server;
    this.windows = new Windows(server);
  }

  /** Returns a fixture with a server that rotates its tokens. */
  static async start(): Promise<IdleFixture> {
    const server = await ScriptedServer.start();
    server.onToken(rotatingTokens());
    return new IdleFixture(server);
  }

  /** Closes the windows and stops the server. */
  async end(): Promise<void> {
    await this.windows.closeAll();
    await this.server.stop();
  }

  /** Opens a window. */
  open(): Window {
    const window = this.windows.open({ idleTimeouts: this.timeouts });
    window.idleMonitor.onDidWarn(({ record }) => this.events.push(`warn ${record.id}`));
    window.idleMonitor.onDidCancelWarning((id) => this.events.push(`cancel ${id}`));
    window.idleMonitor.onDidSignOut(({ record }) => this.events.push(`out ${record.id}`));
    return window;
  }

  /** Opens a number of windows that share one session; there was activity just now in the first one. */
  async openSignedIn(count = 3, kind: StoreModel = 'immediate'): Promise<readonly [Window, ...Window[]]> {
    this.windows = new Windows(this.server, kind);
    const { clock } = this.windows;
    const one = this.open();
    await clock.pass(SECOND);
    await this.windows.signIn(one);
    await clock.pass(3 * SECOND);
    const others = Array.from({ length: count - 1 }, () => this.open());
    await clock.pass(3 * SECOND);
    one.idleMonitor.recordActivity();
    await clock.pass(0);
    return [one, ...others];
  }

  /** The number of windows that list the session. */
  get present(): number {
    return this.windows.all.filter(({ liveSessions }) => liveSessions.get('s1') !== undefined).length;
  }

  /** The number of times that an event was fired. */
  count(event: string): number {
    return this.events.filter((one) => one === event).length;
  }

  /** The number of token requests that the server has received. */
  get refreshes(): number {
    return this.server.requestsTo('/token').length;
  }

  /** The text of the file with the last activity. */
  get file(): string | undefined {
    return this.windows.folder.files.get('activity');
  }

  /** Lets the machine sleep for a number of ms; then the windows get the focus. */
  async sleep(time: number): Promise<void> {
    this.windows.clock.sleep(time);
    this.windows.all.forEach(({ sessions }) => sessions.wake());
    await this.windows.clock.pass(0);
  }

  /** Asserts that the session was signed out, that each of its tokens was revoked once, and that it doesn't reappear. */
  async assertSignedOut(): Promise<void> {
    const { clock, folder, secrets } = this.windows;
    await clock.pass(10 * SECOND);
    assert.deepEqual([this.present, remainsOfSessions(secrets.keys(), folder.files)], [0, []]);
    assert.ok(
      this.count('out s1') >= 1 && this.count('out s1') <= this.windows.all.length,
      'each window fires the event at most once',
    );
    const tokens = this.server.requestsTo('/revoke').map(({ parameters }) => parameters.get('token'));
    assert.ok(tokens.length > 0);
    assert.equal(new Set(tokens).size, tokens.length, 'each token is revoked once');
    await this.windows.closeAll();
    const later = this.open();
    await clock.pass(HOUR);
    assert.deepEqual([later.liveSessions.all(), later.findings], [[], []]);
    assert.deepEqual(
      [...folder.files.keys()].filter((name) => name.endsWith('.told')),
      [],
    );
  }
}
