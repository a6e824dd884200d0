// The messages between a test and the processes of its windows, as plain data.
import type { Provider } from '../../src/core/provider.ts';
import type { SignInGrant } from '../../src/protocol/identity.ts';

/** The points in a refresh where a window can be held, in the order in which they are reached. */
export type Point =
  /** Before and after it creates the file of its lock. */
  | 'locking'
  | 'locked'
  /**
   * Before and after it changes the session's file: with the mark that the refresh token is in flight, with the
   * incomplete record that has only a new refresh token, and with the complete record.
   */
  | 'sharing'
  | 'shared'
  /** Before the refresh token is sent, and when the headers of the response have arrived. */
  | 'sending'
  | 'answered'
  /** Before and after SecretStorage, twice. */
  | 'storing'
  | 'stored'
  /** Before and after it releases the lock. */
  | 'releasing'
  | 'released'
  /** While another window has the lock: before checking whether that window is alive. */
  | 'looking';

/** The options of a window. */
export interface WindowOptions {
  readonly name: string;
  /** The folder that all windows share. */
  readonly folder: string;
  readonly provider: Provider;
  /** The window's jitter, in [0, 1). */
  readonly place: number;
}

/** A command to a window, which responds when it's done. */
export type Command =
  | { readonly kind: 'addSession'; readonly grant: SignInGrant }
  /** Renews the session; if a generation is given, only if the session has it. */
  | { readonly kind: 'renew'; readonly generation?: number }
  /** Gets the session as a caller does. */
  | { readonly kind: 'find' }
  | { readonly kind: 'signOut' }
  /** Holds the window when it reaches a point for the n-th time from now. */
  | { readonly kind: 'hold'; readonly point: Point; readonly time: number }
  /** Releases it, until it reaches the next point if one is given. */
  | { readonly kind: 'release'; readonly next?: { readonly point: Point; readonly time: number } }
  /** Reports a point each time that it's reached, without holding the window. */
  | { readonly kind: 'report'; readonly point: Point }
  /** Sets its wall clock forward by a number of ms, or back if that is negative. */
  | { readonly kind: 'shiftClock'; readonly by: number }
  /** Makes every change of the shared folder fail with a system error, such as EROFS. */
  | { readonly kind: 'failFolder'; readonly code: string }
  /** Ignores locks from now on, to check that the tests notice. */
  | { readonly kind: 'ignoreLocks' }
  | { readonly kind: 'close' };

/** A window's session in memory. */
export interface Seen {
  /** 0 if there is no session. */
  readonly generation: number;
  readonly isComplete: boolean;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** The code of the failure that ended it. */
  readonly endedBy?: string | undefined;
  /** The code of the last failure. */
  readonly failure?: string | undefined;
  readonly unsaved: boolean;
}

/** The outcome of a command. */
export interface Outcome {
  readonly seen: Seen;
  readonly failure?: { readonly category: string; readonly code: string } | undefined;
  /** The access tokens that a caller got. */
  readonly found?: readonly string[] | undefined;
}

/** A call to the secret store, which is in the test process. */
export interface StoreCall {
  readonly call: 'get' | 'store' | 'delete' | 'keys';
  readonly key: string;
  readonly value: string;
}

/** A message of a window. */
export type FromWindow =
  | { readonly kind: 'ready' }
  | { readonly kind: 'seen'; readonly seen: Seen }
  | { readonly kind: 'at'; readonly point: Point; readonly isHeld: boolean }
  | { readonly kind: 'answer'; readonly id: number; readonly outcome: Outcome }
  | { readonly kind: 'store'; readonly id: number; readonly call: StoreCall }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'degraded' };

/** A message to a window. */
export type ToWindow =
  | { readonly kind: 'command'; readonly id: number; readonly command: Command }
  | { readonly kind: 'storeAnswer'; readonly id: number; readonly values: readonly string[] }
  | { readonly kind: 'changed'; readonly key: string };
