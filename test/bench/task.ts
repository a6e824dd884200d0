// What the bench and its extension inside VS Code say to each other, as files in one folder.

/** The environment variable that names the folder to the extension host. */
export const folderVariable = 'SESSION_KEEPER_BENCH';
/** The file that says what to measure. */
export const taskFile = 'task.json';
/** The file that says how it went. It is whole as soon as it is there. */
export const outcomeFile = 'outcome.json';

/** Activate these extensions, one after the other, and say how long each took. */
export interface ActivationTask {
  readonly kind: 'activation';
  /** The ids of the extensions, in the order to take them in. */
  readonly ids: readonly string[];
}

/** Ask these providers for a session that they have, again and again. */
export interface SessionTask {
  readonly kind: 'session';
  /** The ids of the extensions that bring the providers. */
  readonly owners: readonly string[];
  /** The ids of the providers. */
  readonly providers: readonly string[];
  /** The scopes of the session. */
  readonly scopes: readonly string[];
  /** How many batches of calls each provider answers, at the most. */
  readonly batches: number;
  /** How many calls one provider answers before it is the next one's turn. */
  readonly callsPerBatch: number;
  /** After how many ms no further batch begins. */
  readonly enough: number;
}

/** What to measure in one window. */
export type Task = ActivationTask | SessionTask;

/**
 * Times in ms. Of activations, by extension id: one, or none where the extension was active before it was asked for.
 * Of calls, by provider id: one for each batch, the mean of its calls.
 */
export type Times = Readonly<Record<string, readonly number[]>>;

/** How the measuring went. */
export type Outcome = { readonly times: Times } | { readonly failed: string };
