// The parsed settings, and the problems in them.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import { Emitter, type Event } from '../core/emitter.ts';
import { sanitizeDisplayName } from '../core/failure.ts';
import type { LifetimeSettings } from '../core/lifetime.ts';
import { configureProviders, type ConfiguredProviders, type Declaration } from '../core/declaredProviders.ts';
import { limitIdleTimeout, UNMANAGED, type ManagedSettings } from '../core/managedSettings.ts';
import type { Declarer, SettingProblem } from '../core/parseProviders.ts';
import { BUILT_IN_PROVIDER_IDS, type Provider } from '../core/provider.ts';
import { NOTIFICATION_KINDS, PREFIX, SETTINGS, type NotificationKind } from './ids.ts';
import { readNumberSettings, type NumberProblem } from './numberSettings.ts';

/** The providers that other extensions declare. */
export interface DeclarationSource {
  readonly onDidChange: Event<void>;
  getAll(): readonly Declaration[];
}

/** The current settings, including the providers that other extensions declare. Durations are in ms. */
export class Settings implements Disposable {
  readonly #changed = new Emitter<void>();
  readonly #listening: readonly Disposable[];
  readonly #declarations: DeclarationSource | undefined;
  readonly #managed: ManagedSettings;
  readonly #jitter: number;
  #values: SettingValues;

  /**
   * Reads the settings, now and whenever they change.
   * @param jitter this window's jitter, in [0, 1).
   */
  constructor(jitter: number, declarations?: DeclarationSource, managed: ManagedSettings = UNMANAGED) {
    this.#jitter = jitter;
    this.#declarations = declarations;
    this.#managed = managed;
    this.#values = readValues(declarations, managed);
    const update = (): void => {
      this.reload();
      this.#changed.fire();
    };
    this.#listening = [
      vscode.workspace.onDidChangeConfiguration((change) => {
        // VS Code ignores a section if another section that begins with its name has changed before it.
        if (Object.values(SETTINGS).some((name) => change.affectsConfiguration(`${PREFIX}.${name}`))) {
          update();
        }
      }),
      ...(declarations === undefined ? [] : [declarations.onDidChange(update)]),
    ];
  }

  /** Fires after a setting has changed. */
  get onDidChange(): Emitter<void>['event'] {
    return this.#changed.event;
  }

  /** The providers with valid entries. */
  get providers(): readonly Provider[] {
    return this.#values.providers;
  }

  /** The problems in invalid entries. */
  get problems(): readonly SettingProblem[] {
    return this.#values.problems;
  }

  /** The settings that are out of range or not a number. */
  get numberProblems(): readonly NumberProblem[] {
    return this.#values.numberProblems;
  }

  /** Returns the provider with an ID; undefined if it isn't configured. */
  provider(id: string): Provider | undefined {
    return this.#values.providers.find((provider) => provider.id === id);
  }

  /** Returns the extension that declares a provider; undefined if the settings configure it on their own. */
  declarerOf(id: string): Declarer | undefined {
    return this.#values.declarers.get(id);
  }

  /** Returns whether the organization configures a provider so that users can't change any of its fields. */
  isLocked(id: string): boolean {
    return this.#managed.providers.some(({ isLocked, provider }) => isLocked && provider.id === id);
  }

  /** Returns whether the organization configures a provider. */
  isManaged(id: string): boolean {
    return this.#values.managedIds.has(id);
  }

  /** The limits that the organization sets for all users. */
  get managed(): ManagedSettings {
    return this.#managed;
  }

  /**
   * Returns the label of a provider.
   * @param formerLabel what is returned if it isn't configured; its ID by default.
   */
  nameOf(id: string, formerLabel = id): string {
    return this.provider(id)?.label ?? sanitizeDisplayName(formerLabel);
  }

  /** Returns the settings for when renewals are due and warnings are shown. */
  lifetimes(): LifetimeSettings {
    return { ...this.#values.lifetimes, jitter: this.#jitter };
  }

  /** Returns how long, in ms, a token that a caller gets must stay valid. */
  minimumValidity(): number {
    return this.#values.minimumValidity;
  }

  /** Returns for how long, in ms, after the server has ended a session its access token is still returned. */
  gracePeriod(): number {
    return this.#values.gracePeriod;
  }

  /** Returns how long, in ms, a sign-in may take. */
  signInTimeout(): number {
    return this.#values.signInTimeout;
  }

  /** Returns the idle timeouts, in ms, by provider ID; without the providers that have none. */
  idleTimeouts(): ReadonlyMap<string, number> {
    return this.#values.idleTimeouts;
  }

  /**
   * Returns whether a request of another extension for a session counts as user activity. VS Code doesn't report which
   * requests are silent, so by default only requests to sign in count.
   */
  countsAsActivity(isInteractive: boolean): boolean {
    return isInteractive || this.#values.callsCountAsActivity;
  }

  /** Returns whether a kind of notification is muted. */
  isMuted(kind: NotificationKind): boolean {
    return this.#values.muted.includes(kind);
  }

  /** Whether programs in the terminal may request access; undefined if the user hasn't decided. */
  get isTerminalEnabled(): boolean | undefined {
    return this.#values.isTerminalEnabled;
  }

  /** Reads the settings again, after a change that VS Code hasn't announced yet. */
  reload(): void {
    this.#values = readValues(this.#declarations, this.#managed);
  }

  dispose(): void {
    this.#listening.forEach((one) => one.dispose());
    this.#changed.dispose();
  }
}

/** The parsed settings. They are cached, because reading them from VS Code is slow and each request of another extension needs them. */
interface SettingValues extends ConfiguredProviders {
  readonly numberProblems: readonly NumberProblem[];
  readonly lifetimes: Omit<LifetimeSettings, 'jitter'>;
  readonly minimumValidity: number;
  readonly gracePeriod: number;
  readonly signInTimeout: number;
  readonly idleTimeouts: ReadonlyMap<string, number>;
  readonly callsCountAsActivity: boolean;
  readonly muted: readonly NotificationKind[];
  readonly isTerminalEnabled: boolean | undefined;
}

function readValues(declarations: DeclarationSource | undefined, managed: ManagedSettings): SettingValues {
  const values = vscode.workspace.getConfiguration(PREFIX);
  const { ms, problems: numberProblems } = readNumberSettings((name) => values.get(name));
  const parsed = configureProviders(
    values.get(SETTINGS.providers),
    BUILT_IN_PROVIDER_IDS,
    declarations?.getAll() ?? [],
    managed.providers,
  );
  const muted: unknown = values.get(SETTINGS.mutedNotifications);
  const terminalEnabled = values.inspect<unknown>(SETTINGS.terminalEnabled)?.globalValue;
  const withoutMcpServers = (provider: Provider): Provider => ({ ...provider, mcpServers: [] });
  return {
    ...parsed,
    providers: managed.allowsMcpServers ? parsed.providers : parsed.providers.map(withoutMcpServers),
    problems: [...managed.problems, ...parsed.problems],
    numberProblems,
    lifetimes: {
      leeway: Math.max(ms.refreshLeeway, managed.minimumRefreshLeeway),
      refreshInterval: ms.refreshInterval,
      warning: ms.expiryWarning,
    },
    minimumValidity: ms.minimumValidity,
    gracePeriod: ms.gracePeriod,
    signInTimeout: ms.signInTimeout,
    idleTimeouts: new Map(
      parsed.providers
        .map(({ id, idleTimeout = ms.idleTimeout }) => [id, limitIdleTimeout(idleTimeout, managed)] as const)
        .filter(([, timeout]) => timeout > 0),
    ),
    callsCountAsActivity: values.get<unknown>(SETTINGS.callsCountAsActivity) === true,
    isTerminalEnabled: !managed.allowsTerminal
      ? false
      : terminalEnabled === undefined
        ? undefined
        : terminalEnabled === true,
    muted: Array.isArray(muted) ? NOTIFICATION_KINDS.filter((kind) => muted.includes(kind)) : [],
  };
}
