// The messages between the benchmark and its extension inside VS Code, as files in one folder.

/** The environment variable with the folder for the extension host. */
export const folderVariable = 'SESSION_KEEPER_BENCH';
/** The file with the task. */
export const taskFile = 'task.json';
/** The file with the outcome. It's complete as soon as it exists. */
export const outcomeFile = 'outcome.json';

/** Activates these extensions in sequence, and measures how long each takes. */
export interface ActivationTask {
  readonly kind: 'activation';
  /** The IDs of the extensions, in activation order. */
  readonly ids: readonly string[];
}

/** Repeatedly requests an existing session from these providers. */
export interface SessionTask {
  readonly kind: 'session';
  /** The IDs of the extensions that contribute the providers. */
  readonly owners: readonly string[];
  /** The IDs of the providers. */
  readonly providers: readonly string[];
  /** The scopes of the session. */
  readonly scopes: readonly string[];
  /** The maximum number of batches of calls to each provider. */
  readonly batches: number;
  /** How many calls one provider gets before the next one's turn. */
  readonly callsPerBatch: number;
  /** After how many ms no further batch begins. */
  readonly enough: number;
}

/** What to measure in one window. */
export type Task = ActivationTask | SessionTask;

/**
 * Times in ms. For activations, by extension ID: one, or none if the extension was already active. For calls, by
 * provider ID: the mean of each batch.
 */
export type Times = Readonly<Record<string, readonly number[]>>;

/** The outcome of a measurement. */
export type Outcome = { readonly times: Times } | { readonly failed: string };
