// What a test and its windows, each a process of its own, say to each other. All of it is plain data.
import type { Provider } from '../../src/core/provider.ts';
import type { SignInGrant } from '../../src/protocol/identity.ts';

/** The points in a refresh where a window can be held, in the order in which they come. */
export type Point =
  /** Before and after it creates the file of its lock. */
  | 'locking'
  | 'locked'
  /**
   * Before and after it changes the session's file: with the mark that the refresh token is in flight, with the record of
   * which only the refresh token is new, and with the complete record.
   */
  | 'sharing'
  | 'shared'
  /** Before the refresh token is sent, and when the head of the response has arrived. */
  | 'sending'
  | 'answered'
  /** Before and after SecretStorage; twice. */
  | 'storing'
  | 'stored'
  /** Before and after it releases the lock. */
  | 'releasing'
  | 'released'
  /** While another window has the lock: before it asks whether that one is alive. */
  | 'looking';

/** How a window is opened. */
export interface WindowOptions {
  readonly name: string;
  /** The folder that all windows share. */
  readonly folder: string;
  readonly provider: Provider;
  /** The window's place among the windows, in [0, 1). */
  readonly place: number;
}

/** What a window is told to do; it answers when that is done. */
export type Order =
  | { readonly kind: 'admit'; readonly grant: SignInGrant }
  /** Renews the session; where a generation is given, only while the session is of that one. */
  | { readonly kind: 'renew'; readonly generation?: number }
  /** Asks for the session as a caller does. */
  | { readonly kind: 'find' }
  | { readonly kind: 'signOut' }
  /** Stops when it comes by a point for the n-th time from now on. */
  | { readonly kind: 'hold'; readonly point: Point; readonly time: number }
  /** Goes on from there, to the next such point where one is given. */
  | { readonly kind: 'goOn'; readonly next?: { readonly point: Point; readonly time: number } }
  /** Reports each time that it comes by a point, without stopping. */
  | { readonly kind: 'tell'; readonly point: Point }
  /** Sets its wall clock, by so many ms from what it shows. */
  | { readonly kind: 'shiftClock'; readonly by: number }
  /** Lets every change of the shared folder fail with a system error, such as EROFS. */
  | { readonly kind: 'failFolder'; readonly code: string }
  /** Ignores locks from now on: the test of this test. */
  | { readonly kind: 'ignoreLocks' }
  | { readonly kind: 'close' };

/** The one session as a window has it in memory. */
export interface Seen {
  /** 0 where it has none. */
  readonly generation: number;
  readonly isComplete: boolean;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** The code of the verdict that ended it. */
  readonly endedBy?: string | undefined;
  /** The code of the latest failure. */
  readonly failure?: string | undefined;
  readonly unsaved: boolean;
}

/** What came of an order. */
export interface Outcome {
  readonly seen: Seen;
  readonly failure?: { readonly category: string; readonly code: string } | undefined;
  /** The access tokens that a caller got. */
  readonly found?: readonly string[] | undefined;
}

/** A call of a store that the test keeps. */
export interface StoreCall {
  readonly call: 'get' | 'store' | 'delete' | 'keys';
  readonly key: string;
  readonly value: string;
}

/** What a window says. */
export type FromWindow =
  | { readonly kind: 'ready' }
  | { readonly kind: 'seen'; readonly seen: Seen }
  | { readonly kind: 'at'; readonly point: Point; readonly isHeld: boolean }
  | { readonly kind: 'answer'; readonly id: number; readonly outcome: Outcome }
  | { readonly kind: 'store'; readonly id: number; readonly call: StoreCall }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'alone' };

/** What a window is told. */
export type ToWindow =
  | { readonly kind: 'order'; readonly id: number; readonly order: Order }
  | { readonly kind: 'fromStore'; readonly id: number; readonly values: readonly string[] }
  | { readonly kind: 'changed'; readonly key: string };
