// What a diagnostic finding is, and the facts that findings are made of.
import type { Category } from '../core/failurePolicies.ts';
import type { SettingProblem } from '../core/parseProviders.ts';
import type { Provider } from '../core/provider.ts';
import type { LiveSession } from '../core/status.ts';
import type { NumberProblem } from '../host/numberSettings.ts';
import type { Health, StoreHealth } from '../storage/storageProbe.ts';

/** Every finding, the gravest first. The words are stable: reports are compared by them. */
export const FINDING_CODES = [
  /** The ID token in a record is not of the record's issuer, client or person. */
  'poisoned',
  /** Certificates are not checked. */
  'tls-off',
  /** The secret store rejects, or does not answer. */
  'store-fails',
  /** The secret store accepts a secret and does not have it. */
  'store-forgets',
  /** A secret of an earlier session of the editor is gone. */
  'store-not-persistent',
  /** The newest tokens of a session are in memory only. */
  'unsaved',
  /** The folder that all windows share cannot be written, read or cleared. */
  'folder-fails',
  /** This window has gone on alone, because the folder failed when a turn was to be taken. */
  'alone',
  /** A record was made at a server on this computer, and the configuration names none such. */
  'test-server',
  /** A record is of another issuer or client than the provider is configured with. */
  'foreign',
  /** A record's provider is not configured at all. */
  'not-configured',
  /** The session index knows of a session that nobody has. */
  'lost',
  /** A session has ended. */
  'ended',
  /** The renewals of a session fail. */
  'renewal-fails',
  /** What a server says of itself could not be had when that was last tried. */
  'server-unknown',
  /** The clocks of this computer and of a server are far apart. */
  'clock-off',
  /** No provider is set up. */
  'nothing-configured',
  /** An entry of the settings is not used. */
  'entry-not-used',
  /** A setting is out of range or not a number, and another value is used. */
  'setting-out-of-range',
  /** Two accounts of a provider have the same label. */
  'same-label',
  /** A session cannot be renewed: there is no refresh token. */
  'no-refresh-token',
  /** The server never said how long the access token lives. */
  'lifetime-never-said',
  /** Secrets that could not be read lie set aside in the store. */
  'quarantined',
] as const;

/** One of the closed set of findings. */
export type FindingCode = (typeof FINDING_CODES)[number];

/** How grave a finding is. */
export type Severity = 'error' | 'warning' | 'note';

/** What can be done about a finding by pressing something. */
export type QuickFix =
  | 'remove'
  | 'sign-out'
  | 'sign-in'
  | 'renew'
  | 'settings'
  | 'add-provider'
  | 'proxy-settings'
  | 'log'
  | 'check'
  | 'clear';

/** Something that is to be said, and what can be done about it. */
export interface DiagnosticFinding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly quickFix: QuickFix | undefined;
  /** The id of the provider that it is about. */
  readonly providerId?: string | undefined;
  /** The session that it is about. */
  readonly session?: LiveSession | undefined;
  /** The entry of the settings that it is about. */
  readonly problem?: SettingProblem | undefined;
  /** The setting that it is about. */
  readonly numberProblem?: NumberProblem | undefined;
  /** What is wrong, as stable words: claims, a category and a code, a number of things. */
  readonly detail?: string | undefined;
  /** How far the server's clock is ahead, in ms. */
  readonly skew?: number | undefined;
}

/** Everything that findings are made of. Points in time are in ms since the Unix epoch. */
export interface DiagnosticFacts {
  readonly now: number;
  readonly providers: readonly Provider[];
  readonly problems: readonly SettingProblem[];
  readonly numberProblems: readonly NumberProblem[];
  /** All sessions in memory, those of no configured provider included. */
  readonly sessions: readonly LiveSession[];
  /** The sessions that the session index knows and nobody has. */
  readonly lost: readonly { readonly id: string; readonly providerId: string }[];
  /** The latest failure to find out about a provider's server, where nothing better is known since. */
  readonly unknownServers: readonly {
    readonly providerId: string;
    readonly category: Category;
    readonly code: string;
  }[];
  readonly store: StoreHealth;
  readonly folder: Health;
  /** Whether this window cannot take turns with the others. */
  readonly isDegraded: boolean;
  /** How many secrets lie set aside; undefined where that cannot be read. */
  readonly quarantined: number | undefined;
  /** What switches the check of certificates off: a setting, the environment, or nothing. */
  readonly tlsDisabledBy: 'setting' | 'environment' | undefined;
}
