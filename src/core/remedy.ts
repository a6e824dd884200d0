import type { Category, Failure } from './failure.ts';

/** Something a person can choose to do about a failure. */
export type Action = 'sign-in' | 'retry' | 'settings' | 'log' | 'proxy-settings';

/** How a category is met. */
export interface Remedy {
  /** What the person is offered: at most two, the right one first. Empty where nothing needs them. */
  readonly actions: readonly Action[];
  /**
   * How a renewal is tried again by itself: soon and often at first (`quick`), at a slow pace only (`slow`),
   * or not at all because only a person can change it (`never`).
   */
  readonly retry: 'quick' | 'slow' | 'never';
  /** Whether it is a definite verdict that ends a session. Everything else keeps it. */
  readonly endsSession: boolean;
}

/** What the person is offered about a failure: what its category offers, unless its code calls for something else. */
export function actionsFor({ category, code }: Failure): readonly Action[] {
  return ACTIONS_BY_CODE[code] ?? REMEDIES[category].actions;
}

const ACTIONS_BY_CODE: Readonly<Record<string, readonly Action[]>> = {
  // The newest tokens may be gone for good; trying again changes nothing.
  'newer-elsewhere': ['sign-in', 'log'],
};

/** What is done about each category of failure: the whole policy at a glance. */
export const REMEDIES: Readonly<Record<Category, Remedy>> = {
  network: { actions: ['retry', 'log'], retry: 'quick', endsSession: false },
  server: { actions: ['retry', 'log'], retry: 'quick', endsSession: false },
  'rate-limited': { actions: ['log'], retry: 'quick', endsSession: false },
  'not-trusted': { actions: ['proxy-settings', 'retry'], retry: 'slow', endsSession: false },
  'session-ended': { actions: ['sign-in'], retry: 'never', endsSession: true },
  'sign-in-needed': { actions: ['sign-in'], retry: 'never', endsSession: true },
  'client-rejected': { actions: ['settings', 'log'], retry: 'slow', endsSession: false },
  'redirect-rejected': { actions: ['settings', 'log'], retry: 'slow', endsSession: false },
  'scope-rejected': { actions: ['settings', 'log'], retry: 'slow', endsSession: false },
  configuration: { actions: ['settings', 'log'], retry: 'slow', endsSession: false },
  clock: { actions: ['retry', 'log'], retry: 'slow', endsSession: false },
  'bad-answer': { actions: ['sign-in', 'log'], retry: 'slow', endsSession: false },
  cancelled: { actions: ['sign-in'], retry: 'never', endsSession: false },
  storage: { actions: ['retry', 'log'], retry: 'slow', endsSession: false },
  'other-window': { actions: ['retry', 'log'], retry: 'quick', endsSession: false },
  unexpected: { actions: ['retry', 'log'], retry: 'slow', endsSession: false },
};
