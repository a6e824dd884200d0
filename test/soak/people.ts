// The people who sign in and out, and the callers who want tokens.
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/clock.ts';
import { parseRequirements } from '../../src/core/challenge.ts';
import { toFailure } from '../../src/core/failure.ts';
import { grantFor } from '../support/testWindow.ts';
import { isSignedOut } from './copies.ts';
import { ROTATIONS, type Rotation } from './server.ts';
import { PROVIDER, type Window } from './window.ts';
import type { World } from './world.ts';

/** One account, and what is known of its session. */
interface Account {
  readonly name: string;
  readonly rotation: Rotation;
  readonly lifetime: number;
  id: string | undefined;
  /** `unsure`: a sign-in or a sign-out was cut off. */
  state: 'out' | 'in' | 'unsure';
  /** The window in which it is being signed in or out. */
  busyIn: Window | undefined;
  /** Whether the platform has refused or thrown away something that the session needs. */
  mayBeLost: boolean;
}

/** How long access tokens live, with weights. */
const LIFETIMES: readonly (readonly [number, number])[] = [
  [1, 30 * SECOND],
  [4, 5 * MINUTE],
  [10, 30 * MINUTE],
  [35, HOUR],
  [20, 8 * HOUR],
  [15, DAY],
  [15, 30 * DAY],
];

/** How long, in ms, a window may take to tell the others of activity. */
const TELLING = 40 * SECOND;

/** Everybody at the machine. */
export class People {
  readonly #world: World;
  readonly #accounts: readonly Account[];

  constructor(world: World) {
    this.#world = world;
    const { random } = world;
    this.#accounts = Array.from({ length: random.whole(2, 5) }, (_, index) => ({
      name: `person-${index}`,
      rotation: random.weighted([
        [50, ROTATIONS[0]],
        [35, ROTATIONS[1]],
        [15, ROTATIONS[2]],
      ] as const),
      lifetime: random.weighted(LIFETIMES),
      id: undefined,
      state: 'out',
      busyIn: undefined,
      mayBeLost: false,
    }));
  }

  /** Signs everybody in, and lets them go about their business. */
  begin(): void {
    const { weather, time, figures, random } = this.#world;
    const windows = [this.#world.open(), random.chance(0.5) ? this.#world.open() : undefined].filter(
      (window) => window !== undefined,
    );
    this.#setClientSecret();
    for (const account of this.#accounts) {
      this.#signIn(account, random.pick(windows));
    }
    const count = (): void => {
      figures.sessionDays += (this.#accounts.filter(({ state }) => state === 'in').length * HOUR) / DAY;
      time.after(HOUR, count);
    };
    time.after(HOUR, count);
    weather.often(80 * HOUR, () => this.#withAnyone((account, near) => this.#signOut(account, near)));
    weather.often(120 * HOUR, () => this.#withAnyone((account, near) => this.#signIn(account, near)));
    weather.often(3 * HOUR, () => this.#mend());
    weather.often(40 * MINUTE, () => this.#callSome());
    weather.often(2 * HOUR, () => this.#withWindow((near) => near.sessions.wake()));
    weather.often(6 * HOUR, () => this.#withAnyone((account, near) => this.#renewNow(account, near)));
    weather.often(8 * HOUR, () => this.#withAnyone((account, near) => this.#refuse(account, near)));
    weather.often(2 * HOUR, () => this.#setClientSecret());
    this.#workOn();
    weather.often(200 * HOUR, () => this.#revoke());
    weather.often(60 * HOUR, () => this.#shorten());
  }

  /** The sessions that are there for certain. */
  signedIn(): readonly { readonly id: string; readonly mayBeLost: boolean }[] {
    const ids = this.#accounts.map(({ id, state, mayBeLost }) =>
      id === undefined || state !== 'in' ? undefined : { id, mayBeLost },
    );
    return ids.filter((one) => one !== undefined);
  }

  /** A window has ended: what it was about may or may not have come to its end. */
  onEnd(window: Window): void {
    for (const account of this.#accounts) {
      if (account.busyIn === window) {
        account.busyIn = undefined;
      }
    }
  }

  /** After a rest, what was cut off can be told; whose session is lost signs in again, which {@link begin} sees to. */
  onSettled(): void {
    for (const account of this.#accounts) {
      const known = this.#recordsOf(account)[0];
      if (account.state === 'unsure' && account.busyIn === undefined) {
        account.state = known === undefined ? 'out' : 'in';
        account.id = known?.id;
      }
      const hasTombstone = account.id !== undefined && isSignedOut(this.#world.folder, account.id);
      if (
        account.state === 'in' &&
        (hasTombstone || known === undefined || (account.mayBeLost && this.#isBehind(account)))
      ) {
        account.state = 'out';
      }
      account.mayBeLost &&= account.state === 'in';
    }
  }

  /** The platform has refused, forgotten or overwritten a secret. */
  onThrownAway(key: string): void {
    for (const account of this.#accounts) {
      account.mayBeLost ||=
        key.startsWith('hand-over-key:') || key === `session:${account.id ?? ''}` || account.state === 'unsure';
    }
  }

  #recordsOf({ name }: Account): { readonly id: string; readonly isEnded: boolean; readonly window: Window }[] {
    return this.#world.running().flatMap((window) =>
      window.sessions.liveSessions
        .all()
        .filter(({ record }) => record.account.id === name)
        .map(({ record }) => ({ id: record.id, isEnded: record.ended !== undefined, window })),
    );
  }

  #isBehind({ id }: Account): boolean {
    return this.#world.running().some((window) => window.get(id ?? '')?.failure?.code === 'token-in-other-window');
  }

  #withWindow(run: (window: Window) => void): void {
    const windows = this.#world.running();
    if (windows.length > 0) {
      this.#world.judge.nudge();
      run(this.#world.random.pick(windows));
    }
  }

  #withAnyone(run: (account: Account, window: Window) => void): void {
    this.#withWindow((window) => run(this.#world.random.pick(this.#accounts), window));
  }

  #signIn(account: Account, window: Window): void {
    const { server, story, time, figures } = this.#world;
    if (account.busyIn !== undefined) {
      return;
    }
    const sentAt = time.wall;
    const { grant, ...tokens } = server.signIn(account.name, account.rotation, account.lifetime);
    const more = {
      ...tokens,
      sentUptime: { boot: 'machine', ms: time.uptime },
      accessExpiresAt: sentAt + account.lifetime,
    };
    const signIn = grantFor(PROVIDER, sentAt, more, { id: account.name, label: account.name });
    story.tell(
      `${account.name} signs in in ${window.name}: grant ${grant.number} (${grant.rotation}, ${grant.lifetime / SECOND} s)`,
    );
    figures.count('event: sign-in');
    this.#noteActive(window);
    Object.assign(account, { state: 'unsure', busyIn: window, mayBeLost: false } satisfies Partial<Account>);
    window.sessions.sessionManager.addSession(signIn).then(
      ({ id }) => {
        if (account.busyIn === window) {
          story.tell(`${account.name} is signed in as ${id}`);
          this.#noteActive(window);
          Object.assign(account, { state: 'in', busyIn: undefined, id } satisfies Partial<Account>);
        }
      },
      (error: unknown) => {
        story.tell(`${account.name} cannot sign in: ${toFailure(error).message}`);
        account.busyIn = undefined;
      },
    );
  }

  #signOut(account: Account, window: Window): void {
    const { judge, story, figures, folder } = this.#world;
    const { id } = account;
    // What cannot be entered cannot be known to later windows.
    if (
      id === undefined ||
      account.busyIn !== undefined ||
      account.state !== 'in' ||
      window.get(id) === undefined ||
      folder.failing !== false
    ) {
      return;
    }
    story.tell(`${account.name} signs out in ${window.name}`);
    figures.count('event: sign-out');
    judge.leaving.add(id);
    Object.assign(account, { state: 'unsure', busyIn: window } satisfies Partial<Account>);
    const end = (): void => {
      if (account.busyIn === window) {
        Object.assign(account, { state: 'out', busyIn: undefined } satisfies Partial<Account>);
      }
    };
    window.sessions.sessionManager.signOut(id).then(({ atServer }) => {
      atServer.catch(() => {});
      end();
    }, end);
  }

  /** Whoever is signed out, or sees that the session has ended, signs in again sooner or later. */
  #mend(): void {
    for (const account of this.#accounts) {
      if (account.state === 'in' && account.id !== undefined && isSignedOut(this.#world.folder, account.id)) {
        // For inactivity.
        account.state = 'out';
      }
      const ended = this.#recordsOf(account).find(({ isEnded }) => isEnded);
      if (account.state === 'out' || ended !== undefined) {
        this.#withWindow((window) => this.#signIn(account, ended?.window ?? window));
        return;
      }
    }
  }

  #callSome(): void {
    const calls = this.#world.random.wide(1, 8);
    for (let call = 0; call < calls; call += 1) {
      this.#withAnyone((account, window) => this.#call(account, window));
    }
  }

  #call({ name, id }: Account, window: Window): void {
    const { judge, figures, story } = this.#world;
    const isThere = (): boolean => {
      const session = window.get(id ?? '');
      return (
        session !== undefined &&
        session.record.ended === undefined &&
        !window.sessions.idleMonitor.isBlocked(session.record)
      );
    };
    const wasThere = isThere();
    window.sessions.sessionManager.getUsableSessions(PROVIDER.id, PROVIDER.scopes, name).then(
      (found) => {
        if (window.process.isDead) {
          return;
        }
        for (const { record } of found) {
          story.tell(`${window.name} serves ${record.accessToken}`);
          judge.onServed(window, record);
        }
        if (found.length === 0) {
          figures.count('refused: no session');
          if (wasThere && isThere()) {
            judge.fail('empty', `${window.name} says that there is no session of ${name}, and has ${id ?? ''}`);
          }
        }
      },
      (error: unknown) => {
        const { category, code } = toFailure(error);
        figures.count(`refused: ${category} (${code})`);
        if (category === 'unexpected') {
          judge.fail(
            'empty',
            `${window.name} fails unexpectedly: ${error instanceof Error ? (error.stack ?? '') : ''}`,
          );
        }
      },
    );
  }

  #renewNow({ id }: Account, window: Window): void {
    if (id !== undefined && window.get(id) !== undefined) {
      window.sessions.tokenRefresher.refresh(id, { reason: 'the person asks for it' }).catch(() => {});
    }
  }

  /** A resource server refuses the access token (401), and its caller asks for another one. */
  #refuse({ id, name }: Account, window: Window): void {
    const { judge, story } = this.#world;
    if (id !== undefined && window.get(id) !== undefined) {
      story.tell(`a resource server refuses the token of ${id}`);
      judge.nudge();
      const demand = parseRequirements({
        challenges: [{ scheme: 'Bearer', params: { error: 'invalid_token' } }],
        fallbackScopes: PROVIDER.scopes,
      });
      window.challengeSessions.find(PROVIDER.id, demand, name).catch(() => {});
    }
  }

  /** Sets the secret of the client, where there has to be one and the keyring does not have it. */
  #setClientSecret(): void {
    const { clientSecret } = this.#world.server;
    if (clientSecret !== undefined) {
      for (const window of this.#world.running()) {
        void window.clientSecrets.state(PROVIDER).then((standing) => {
          if (standing === 'none' || standing === 'lost') {
            return window.clientSecrets.write(PROVIDER, clientSecret).catch(() => {});
          }
          return undefined;
        });
      }
    }
  }

  /** Somebody works in some window, with pauses. */
  #workOn(): void {
    const { random, time } = this.#world;
    time.after(random.chance(0.02) ? random.wide(HOUR, 16 * HOUR) : random.wide(10 * SECOND, 10 * MINUTE), () => {
      const windows = this.#world.running();
      if (!time.isAsleep && !this.#world.isSettling && windows.length > 0) {
        const window = random.pick(windows);
        window.sessions.idleMonitor.recordActivity();
        this.#noteActive(window);
      }
      this.#workOn();
    });
  }

  #noteActive({ process }: Window): void {
    const { activity, folder, time } = this.#world;
    const at = time.uptime;
    Object.assign(activity, {
      last: at,
      jumps: time.jumps,
      folderFailures: folder.failing === false ? folder.failures : NaN,
    });
    // What a window is told that ends at once, no other window gets to know.
    time.afterAwake(TELLING, () => {
      if (process.runs && process.runsSince <= time.awake - TELLING) {
        activity.lastTold = Math.max(activity.lastTold, at);
      }
    });
  }

  #revoke(): void {
    const { server, random, story } = this.#world;
    const open = server.grants.filter(({ end }) => end === undefined);
    if (open.length > 0) {
      const grant = random.pick(open);
      story.tell(`grant ${grant.number} is revoked on purpose`);
      grant.end = 'admin';
    }
  }

  /** For a while, the tokens of one grant live very short. */
  #shorten(): void {
    const { server, random, story, time } = this.#world;
    const grant = random.pick(server.grants);
    const before = this.#accounts.find(({ name }) => name === grant.account)?.lifetime ?? grant.lifetime;
    grant.lifetime = Math.min(before, random.pick([30 * SECOND, MINUTE, 5 * MINUTE]));
    story.tell(`the tokens of grant ${grant.number} live ${grant.lifetime / SECOND} s`);
    grant.shortest = grant.lifetime;
    time.after(random.wide(5 * MINUTE, 2 * HOUR), () => {
      grant.lifetime = before;
      // The last hour's requests are still those for short ones.
      time.after(HOUR + 5 * MINUTE, () => (grant.shortest = grant.lifetime));
    });
  }
}
