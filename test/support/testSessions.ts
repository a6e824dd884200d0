import { lazy, type Lazy } from '../../src/core/lazy.ts';
import type { IdleMonitor } from '../../src/idle/idleMonitor.ts';
import type { RenewalLock } from '../../src/locking/renewalLock.ts';
import { OnDemandSessions, type OnDemandSessionsDependencies } from '../../src/sessions/onDemandSessions.ts';
import { SessionsModule, type SessionsDependencies } from '../../src/sessions/sessionsModule.ts';
import type { TokenRefresher } from '../../src/sessions/tokenRefresher.ts';

/** What all parts of the sessions depend on. */
export type TestSessionsDependencies = Omit<SessionsDependencies, 'onDemand'> &
  Omit<OnDemandSessionsDependencies, 'started'> & {
    /** Loads what is loaded on demand; if absent, everything is loaded from the start. */
    readonly load?: (() => Promise<void>) | undefined;
  };

/** The sessions of one window with everything that the product loads on demand. */
export class TestSessions extends SessionsModule {
  readonly onDemand: OnDemandSessions;
  readonly renewalLock: RenewalLock;
  readonly tokenRefresher: TokenRefresher;
  readonly idleMonitor: IdleMonitor;

  constructor({ load, ...dependencies }: TestSessionsDependencies) {
    const parts = (): { readonly sessions: OnDemandSessions } => ({ sessions: this.onDemand });
    const loaded: Lazy<{ readonly sessions: OnDemandSessions }> = {
      get value() {
        return parts();
      },
      load: () => Promise.resolve(parts()),
    };
    const loadedLater =
      load &&
      lazy(
        async () => {
          await load();
          this.onDemand.start();
          return parts();
        },
        () => {},
      );
    super({ ...dependencies, onDemand: loadedLater ?? loaded });
    this.onDemand = new OnDemandSessions({ ...dependencies, started: this });
    this.renewalLock = this.onDemand.renewalLock;
    this.tokenRefresher = this.onDemand.tokenRefresher;
    this.idleMonitor = this.onDemand.idleMonitor;
  }
}
