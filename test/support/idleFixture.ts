// Windows in which somebody is active, or nobody.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../../src/core/clock.ts';
import { rotatingTokens, ScriptedServer } from './scriptedServer.ts';
import { Windows, type StoreKind, type Window } from './windows.ts';

/** The limit of `acme`, in ms. */
export const LIMIT = 30 * MINUTE;

/** Windows over one server, with a limit, and what they tell of it. */
export class IdleFixture {
  readonly server: ScriptedServer;
  /** The limits by provider id; windows look at them all the time. */
  readonly limits = new Map([['acme', LIMIT]]);
  /** What happened, as `warn s1`, `back s1`, `out s1`, in all windows, in order. */
  readonly events: string[] = [];
  windows: Windows;

  private constructor(server: ScriptedServer) {
    this.server = server;
    this.windows = new Windows(server);
  }

  /** Starts one, with a server that rotates its tokens. */
  static async start(): Promise<IdleFixture> {
    const server = await ScriptedServer.start();
    server.onToken(rotatingTokens());
    return new IdleFixture(server);
  }

  /** Ends everything. */
  async end(): Promise<void> {
    await this.windows.closeAll();
    await this.server.stop();
  }

  /** Opens a window. */
  open(): Window {
    const window = this.windows.open({ idleTimeouts: this.limits });
    window.idleMonitor.onDidWarn(({ record }) => this.events.push(`warn ${record.id}`));
    window.idleMonitor.onDidCancelWarning((id) => this.events.push(`back ${id}`));
    window.idleMonitor.onDidSignOut(({ record }) => this.events.push(`out ${record.id}`));
    return window;
  }

  /** So many windows with one session between them, in the first of which somebody has just been active. */
  async openSignedIn(count = 3, kind: StoreKind = 'shared'): Promise<readonly [Window, ...Window[]]> {
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

  /** In how many windows the session is. */
  get present(): number {
    return this.windows.all.filter(({ liveSessions }) => liveSessions.get('s1') !== undefined).length;
  }

  /** How often something happened. */
  count(event: string): number {
    return this.events.filter((one) => one === event).length;
  }

  /** How many requests for tokens the server has seen. */
  get renewals(): number {
    return this.server.requestsTo('/token').length;
  }

  /** The text of the file of activity. */
  get file(): string | undefined {
    return this.windows.folder.files.get('activity');
  }

  /** Lets the machine sleep, and wakes the windows up as VS Code does when one is looked at. */
  async sleep(time: number): Promise<void> {
    this.windows.clock.sleep(time);
    this.windows.all.forEach(({ sessions }) => sessions.wake());
    await this.windows.clock.pass(0);
  }

  /** The session was signed out, each of its tokens was revoked once, and nothing of it comes back. */
  async assertOut(): Promise<void> {
    const { clock, folder, secrets } = this.windows;
    await clock.pass(10 * SECOND);
    assert.deepEqual([this.present, secrets.has('session:s1')], [0, false]);
    assert.ok(
      this.count('out s1') >= 1 && this.count('out s1') <= this.windows.all.length,
      'each window that finds it tells it once',
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
