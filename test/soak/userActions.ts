// The users who sign in and out, and the extensions that request tokens.
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/clock.ts';
import { parseRequirements } from '../../src/core/challenge.ts';
import { toFailure } from '../../src/core/failure.ts';
import { grantFor } from '../support/testWindow.ts';
import { isSignedOut } from './storedCopies.ts';
import { ROTATIONS, type Rotation } from './server.ts';
import { PROVIDER, type Window } from './window.ts';
import type { Simulation } from './simulation.ts';

/** One account and the expected state of its session. */
interface Account {
  readonly name: string;
  readonly rotation: Rotation;
  readonly lifetime: number;
  id: string | undefined;
  /** `unsure`: a sign-in or sign-out was interrupted. */
  state: 'out' | 'in' | 'unsure';
  /** The window in which it is being signed in or out. */
  busyIn: Window | undefined;
  /** Whether the platform has rejected or discarded something that the session needs. */
  mayBeLost: boolean;
}

/** The lifetimes of access tokens, with weights. */
const LIFETIMES: readonly (readonly [number, number])[] = [
  [1, 30 * SECOND],
  [4, 5 * MINUTE],
  [10, 30 * MINUTE],
  [35, HOUR],
  [20, 8 * HOUR],
  [15, DAY],
  [15, 30 * DAY],
];

/** The time, in ms, in which a window shares activity with the others. */
const SHARING_TIME = 40 * SECOND;

/** The users of one machine. */
export class UserActions {
  readonly #simulation: Simulation;
  readonly #accounts: readonly Account[];

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    const { random } = simulation;
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

  /** Signs in all users and starts all other actions. */
  begin(): void {
    const { faultInjector, time, figures, random } = this.#simulation;
    const windows = [this.#simulation.open(), random.chance(0.5) ? this.#simulation.open() : undefined].filter(
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
    faultInjector.often(80 * HOUR, () => this.#withAnyone((account, near) => this.#signOut(account, near)));
    faultInjector.often(120 * HOUR, () => this.#withAnyone((account, near) => this.#signIn(account, near)));
    faultInjector.often(3 * HOUR, () => this.#signInAgain());
    faultInjector.often(40 * MINUTE, () => this.#callSome());
    faultInjector.often(2 * HOUR, () => this.#withWindow((near) => near.sessions.wake()));
    faultInjector.often(6 * HOUR, () => this.#withAnyone((account, near) => this.#renewNow(account, near)));
    faultInjector.often(8 * HOUR, () => this.#withAnyone((account, near) => this.#rejectToken(account, near)));
    faultInjector.often(2 * HOUR, () => this.#setClientSecret());
    this.#simulateActivity();
    faultInjector.often(200 * HOUR, () => this.#revoke());
    faultInjector.often(60 * HOUR, () => this.#shortenLifetime());
  }

  /** Returns the sessions that must exist. */
  signedIn(): readonly { readonly id: string; readonly mayBeLost: boolean }[] {
    const ids = this.#accounts.map(({ id, state, mayBeLost }) =>
      id === undefined || state !== 'in' ? undefined : { id, mayBeLost },
    );
    return ids.filter((one) => one !== undefined);
  }

  /** Called when a window has ended; its actions may or may not have been completed. */
  onEnd(window: Window): void {
    for (const account of this.#accounts) {
      if (account.busyIn === window) {
        account.busyIn = undefined;
      }
    }
  }

  /** After the windows have settled, the result of interrupted actions is known. Users without a session sign in again. */
  onSettled(): void {
    for (const account of this.#accounts) {
      const known = this.#recordsOf(account)[0];
      if (account.state === 'unsure' && account.busyIn === undefined) {
        account.state = known === undefined ? 'out' : 'in';
        account.id = known?.id;
      }
      const hasTombstone = account.id !== undefined && isSignedOut(this.#simulation.folder, account.id);
      if (
        account.state === 'in' &&
        (hasTombstone || known === undefined || (account.mayBeLost && this.#isBehind(account)))
      ) {
        account.state = 'out';
      }
      account.mayBeLost &&= account.state === 'in';
    }
  }

  /** Called when the platform has rejected, forgotten or overwritten a secret. */
  onDidDiscard(key: string): void {
    for (const account of this.#accounts) {
      account.mayBeLost ||=
        key.startsWith('encryption-key:') || key === `session:${account.id ?? ''}` || account.state === 'unsure';
    }
  }

  #recordsOf({ name }: Account): { readonly id: string; readonly isEnded: boolean; readonly window: Window }[] {
    return this.#simulation.running().flatMap((window) =>
      window.sessions.liveSessions
        .all()
        .filter(({ record }) => record.account.id === name)
        .map(({ record }) => ({ id: record.id, isEnded: record.ended !== undefined, window })),
    );
  }

  #isBehind({ id }: Account): boolean {
    return this.#simulation.running().some((window) => window.get(id ?? '')?.failure?.code === 'token-in-other-window');
  }

  #withWindow(run: (window: Window) => void): void {
    const windows = this.#simulation.running();
    if (windows.length > 0) {
      this.#simulation.invariants.expectRequests();
      run(this.#simulation.random.pick(windows));
    }
  }

  #withAnyone(run: (account: Account, window: Window) => void): void {
    this.#withWindow((window) => run(this.#simulation.random.pick(this.#accounts), window));
  }

  #signIn(account: Account, window: Window): void {
    const { server, eventLog, time, figures } = this.#simulation;
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
    eventLog.add(
      `${account.name} signs in in ${window.name}: grant ${grant.number} (${grant.rotation}, ${grant.lifetime / SECOND} s)`,
    );
    figures.count('event: sign-in');
    this.#recordActivity(window);
    Object.assign(account, { state: 'unsure', busyIn: window, mayBeLost: false } satisfies Partial<Account>);
    window.sessions.sessionManager.addSession(signIn).then(
      ({ id }) => {
        if (account.busyIn === window) {
          eventLog.add(`${account.name} is signed in as ${id}`);
          this.#recordActivity(window);
          Object.assign(account, { state: 'in', busyIn: undefined, id } satisfies Partial<Account>);
        }
      },
      (error: unknown) => {
        eventLog.add(`${account.name} can't sign in: ${toFailure(error).message}`);
        account.busyIn = undefined;
      },
    );
  }

  #signOut(account: Account, window: Window): void {
    const { invariants, eventLog, figures, folder } = this.#simulation;
    const { id } = account;
    // While the folder fails, later windows can't know of the sign-out.
    if (
      id === undefined ||
      account.busyIn !== undefined ||
      account.state !== 'in' ||
      window.get(id) === undefined ||
      folder.failing !== false
    ) {
      return;
    }
    eventLog.add(`${account.name} signs out in ${window.name}`);
    figures.count('event: sign-out');
    invariants.leaving.add(id);
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

  /** Signs in again a user who is signed out or whose session has ended. */
  #signInAgain(): void {
    for (const account of this.#accounts) {
      if (account.state === 'in' && account.id !== undefined && isSignedOut(this.#simulation.folder, account.id)) {
        // Due to inactivity.
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
    const calls = this.#simulation.random.wide(1, 8);
    for (let call = 0; call < calls; call += 1) {
      this.#withAnyone((account, window) => this.#call(account, window));
    }
  }

  #call({ name, id }: Account, window: Window): void {
    const { invariants, figures, eventLog } = this.#simulation;
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
          eventLog.add(`${window.name} returns ${record.accessToken}`);
          invariants.onTokenReturned(window, record);
        }
        if (found.length === 0) {
          figures.count('refused: no session');
          if (wasThere && isThere()) {
            invariants.fail('empty', `${window.name} returns no session of ${name}, although it has ${id ?? ''}`);
          }
        }
      },
      (error: unknown) => {
        const { category, code } = toFailure(error);
        figures.count(`refused: ${category} (${code})`);
        if (category === 'unexpected') {
          invariants.fail(
            'empty',
            `${window.name} fails unexpectedly: ${error instanceof Error ? (error.stack ?? '') : ''}`,
          );
        }
      },
    );
  }

  #renewNow({ id }: Account, window: Window): void {
    if (id !== undefined && window.get(id) !== undefined) {
      window.sessions.tokenRefresher.refresh(id, { reason: 'requested by the user' }).catch(() => {});
    }
  }

  /** A resource server rejects the access token (401), and its caller requests another one. */
  #rejectToken({ id, name }: Account, window: Window): void {
    const { invariants, eventLog } = this.#simulation;
    if (id !== undefined && window.get(id) !== undefined) {
      eventLog.add(`a resource server rejects the token of ${id}`);
      invariants.expectRequests();
      const demand = parseRequirements({
        challenges: [{ scheme: 'Bearer', params: { error: 'invalid_token' } }],
        fallbackScopes: PROVIDER.scopes,
      });
      window.challengeSessions.find(PROVIDER.id, demand, name).catch(() => {});
    }
  }

  /** Sets the client secret if the server requires one and the keyring doesn't have it. */
  #setClientSecret(): void {
    const { clientSecret } = this.#simulation.server;
    if (clientSecret !== undefined) {
      for (const window of this.#simulation.running()) {
        void window.clientSecrets.state(PROVIDER).then((standing) => {
          if (standing === 'none' || standing === 'lost') {
            return window.clientSecrets.write(PROVIDER, clientSecret).catch(() => {});
          }
          return undefined;
        });
      }
    }
  }

  /** Simulates activity in some window, with pauses. */
  #simulateActivity(): void {
    const { random, time } = this.#simulation;
    time.after(random.chance(0.02) ? random.wide(HOUR, 16 * HOUR) : random.wide(10 * SECOND, 10 * MINUTE), () => {
      const windows = this.#simulation.running();
      if (!time.isAsleep && !this.#simulation.isSettling && windows.length > 0) {
        const window = random.pick(windows);
        window.sessions.idleMonitor.recordActivity();
        this.#recordActivity(window);
      }
      this.#simulateActivity();
    });
  }

  #recordActivity({ process }: Window): void {
    const { activity, folder, time } = this.#simulation;
    const at = time.uptime;
    Object.assign(activity, {
      last: at,
      jumps: time.jumps,
      folderFailures: folder.failing === false ? folder.failures : NaN,
    });
    // A window that ends immediately doesn't share its activity.
    time.afterAwake(SHARING_TIME, () => {
      if (process.runs && process.runsSince <= time.awake - SHARING_TIME) {
        activity.lastShared = Math.max(activity.lastShared, at);
      }
    });
  }

  #revoke(): void {
    const { server, random, eventLog } = this.#simulation;
    const open = server.grants.filter(({ end }) => end === undefined);
    if (open.length > 0) {
      const grant = random.pick(open);
      eventLog.add(`grant ${grant.number} is revoked by an administrator`);
      grant.end = 'admin';
    }
  }

  /** For a while, the tokens of one grant have a short lifetime. */
  #shortenLifetime(): void {
    const { server, random, eventLog, time } = this.#simulation;
    const grant = random.pick(server.grants);
    const before = this.#accounts.find(({ name }) => name === grant.account)?.lifetime ?? grant.lifetime;
    grant.lifetime = Math.min(before, random.pick([30 * SECOND, MINUTE, 5 * MINUTE]));
    eventLog.add(`the tokens of grant ${grant.number} expire after ${grant.lifetime / SECOND} s`);
    grant.shortest = grant.lifetime;
    time.after(random.wide(5 * MINUTE, 2 * HOUR), () => {
      grant.lifetime = before;
      // The requests of the last hour include those for short-lived tokens.
      time.after(HOUR + 5 * MINUTE, () => (grant.shortest = grant.lifetime));
    });
  }
}
