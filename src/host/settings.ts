// The settings, parsed; and what is wrong with them, told once.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import { Emitter } from '../core/emitter.ts';
import type { LifetimeSettings } from '../core/lifetime.ts';
import { parseProviders, type SettingProblem } from '../core/parseProviders.ts';
import { BUILT_IN_PROVIDER_IDS, type Provider } from '../core/provider.ts';
import { NOTIFICATION_KINDS, PREFIX, SETTINGS, type NotificationKind } from './ids.ts';
import { readNumberSettings, type NumberProblem } from './numberSettings.ts';

/** The settings as they are now. Lengths of time are in ms. */
export class Settings implements Disposable {
  readonly #changed = new Emitter<void>();
  readonly #listening: vscode.Disposable;
  readonly #jitter: number;
  #values: Values;

  /**
   * Reads the settings, and again when they change.
   * @param jitter this window's jitter, in [0, 1).
   */
  constructor(jitter: number) {
    this.#jitter = jitter;
    this.#values = valuesNow();
    this.#listening = vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration(PREFIX)) {
        this.#values = valuesNow();
        this.#changed.fire();
      }
    });
  }

  /** Fires after any of the settings has changed. */
  get onDidChange(): Emitter<void>['event'] {
    return this.#changed.event;
  }

  /** The providers whose entries are good. */
  get providers(): readonly Provider[] {
    return this.#values.providers;
  }

  /** What is wrong with the other entries. */
  get problems(): readonly SettingProblem[] {
    return this.#values.problems;
  }

  /** Which settings are out of range or not numbers. */
  get numberProblems(): readonly NumberProblem[] {
    return this.#values.numberProblems;
  }

  /** The provider with an id; undefined where none is configured. */
  provider(id: string): Provider | undefined {
    return this.#values.providers.find((provider) => provider.id === id);
  }

  /** What people call a provider; its id where it is not set up. */
  nameOf(id: string): string {
    return this.provider(id)?.label ?? id;
  }

  /** What decides when renewals are due and warnings appear. */
  lifetimes(): LifetimeSettings {
    return { ...this.#values.lifetimes, jitter: this.#jitter };
  }

  /** For how long a token that is handed out keeps working, at the least. */
  minimumValidity(): number {
    return this.#values.minimumValidity;
  }

  /** How long a person may take to sign in. */
  signInTimeout(): number {
    return this.#values.signInTimeout;
  }

  /** After how long without activity sessions are signed out: by provider id, of those where it is on at all. */
  idleTimeouts(): ReadonlyMap<string, number> {
    return this.#values.idleTimeouts;
  }

  /** Whether another extension that asks for a session counts as activity of the person. */
  callsCountAsActivity(): boolean {
    return this.#values.callsCountAsActivity;
  }

  /** Whether the person does not want to be told of a kind of thing any more. */
  isMuted(kind: NotificationKind): boolean {
    return this.#values.muted.includes(kind);
  }

  /** Tells the person of a kind of thing no more. */
  async mute(kind: NotificationKind): Promise<void> {
    await vscode.workspace
      .getConfiguration(PREFIX)
      .update(
        SETTINGS.mutedNotifications,
        [...new Set([...this.#values.muted, kind])],
        vscode.ConfigurationTarget.Global,
      );
    this.#values = valuesNow();
  }

  /**
   * Changes fields of a provider's entry in the user settings, and leaves everything else as it is.
   * @param change makes the new fields of the old ones; one that is undefined is taken out.
   * @throws if there is no such entry, or VS Code can't write the settings.
   */
  async changeEntry(
    id: string,
    change: (entry: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const configuration = vscode.workspace.getConfiguration(PREFIX);
    const value = configuration.inspect<unknown>(SETTINGS.providers)?.globalValue;
    const entries = Array.isArray(value) ? (value as unknown[]) : [];
    // Of two entries with one id, the first good one counts.
    const index = entries.findIndex((entry) => parseProviders([entry], BUILT_IN_PROVIDER_IDS).providers[0]?.id === id);
    const entry = entries[index];
    if (typeof entry !== 'object' || entry === null) {
      throw new Error(`There is no entry "${id}" in the user settings.`);
    }
    const before = { ...entry } as Readonly<Record<string, unknown>>;
    const after = Object.fromEntries(
      Object.entries({ ...before, ...change(before) }).filter(([, field]) => field !== undefined),
    );
    await configuration.update(SETTINGS.providers, entries.with(index, after), vscode.ConfigurationTarget.Global);
    this.#values = valuesNow();
  }

  dispose(): void {
    this.#listening.dispose();
    this.#changed.dispose();
  }
}

/** What the settings say, read as one: VS Code takes its time for each look, and much is asked for at each call of another extension. */
interface Values {
  readonly providers: readonly Provider[];
  readonly problems: readonly SettingProblem[];
  readonly numberProblems: readonly NumberProblem[];
  readonly lifetimes: Omit<LifetimeSettings, 'jitter'>;
  readonly minimumValidity: number;
  readonly signInTimeout: number;
  readonly idleTimeouts: ReadonlyMap<string, number>;
  readonly callsCountAsActivity: boolean;
  readonly muted: readonly NotificationKind[];
}

function valuesNow(): Values {
  const values = vscode.workspace.getConfiguration(PREFIX);
  const { ms, problems: numberProblems } = readNumberSettings((name) => values.get(name));
  const parsed = parseProviders(values.get(SETTINGS.providers), BUILT_IN_PROVIDER_IDS);
  const muted: unknown = values.get(SETTINGS.mutedNotifications);
  return {
    ...parsed,
    numberProblems,
    lifetimes: { leeway: ms.refreshLeeway, refreshInterval: ms.refreshInterval, warning: ms.expiryWarning },
    minimumValidity: ms.minimumValidity,
    signInTimeout: ms.signInTimeout,
    idleTimeouts: new Map(
      parsed.providers
        .map(({ id, idleTimeout = ms.idleTimeout }) => [id, idleTimeout] as const)
        .filter(([, timeout]) => timeout > 0),
    ),
    callsCountAsActivity: values.get<unknown>(SETTINGS.callsCountAsActivity) !== false,
    muted: Array.isArray(muted) ? NOTIFICATION_KINDS.filter((kind) => muted.includes(kind)) : [],
  };
}
