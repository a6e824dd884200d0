// The type of a diagnostic finding, and the facts that findings are derived from.
import type { IdConflict } from '../auth/idOwnership.ts';
import type { Category } from '../core/failurePolicies.ts';
import type { SettingProblem } from '../core/parseProviders.ts';
import type { Provider } from '../core/provider.ts';
import type { LiveSession } from '../core/status.ts';
import type { NumberProblem } from '../host/numberSettings.ts';
import type { TlsDisabledBy } from '../host/tlsVerification.ts';
import type { Health, StoreHealth } from '../storage/storageProbe.ts';

/** The code of every finding, the most severe first. The codes are stable, so that reports can be compared. */
export const FINDING_CODES = [
  /** The ID token of a session has another issuer, audience or subject than the session. */
  'identity-mismatch',
  /** VS Code requests the sessions of a provider from another extension, which uses the same ID. */
  'id-taken',
  /** TLS certificates aren't verified. */
  'tls-off',
  /** SecretStorage rejects, or doesn't respond. */
  'store-fails',
  /** SecretStorage accepts a secret but doesn't return it. */
  'store-forgets',
  /** A secret that was stored before the editor was last closed is gone. */
  'store-not-persistent',
  /** The latest tokens of a session are in memory only. */
  'unsaved',
  /** The shared folder can't be written, read or cleared. */
  'folder-fails',
  /** This window doesn't coordinate with others, because the shared folder failed when it needed a lock. */
  'cross-window-sync-off',
  /** A session is from a server on this computer, and no such server is configured. */
  'test-server',
  /** A session has another issuer, client or endpoints than its provider's configuration. */
  'configuration-mismatch',
  /** The provider of a session isn't configured. */
  'not-configured',
  /** There is a session file whose tokens are lost. */
  'lost',
  /** A session has ended. */
  'ended',
  /** Renewals of a session fail. */
  'renewal-fails',
  /** The last attempt to get a server's metadata failed. */
  'server-unknown',
  /** The clocks of this computer and of a server differ. */
  'clock-off',
  /** No provider is configured. */
  'nothing-configured',
  /** Another extension declares the ID of a provider, so VS Code may request sessions from that one. */
  'id-declared',
  /** An entry of the settings is invalid and ignored. */
  'entry-not-used',
  /** A setting is out of range or not a number, and another value is used instead. */
  'setting-out-of-range',
  /** Two accounts of a provider have the same label. */
  'same-label',
  /** A session has no refresh token. */
  'no-refresh-token',
  /** The server doesn't specify the lifetime of the access token. */
  'lifetime-unknown',
  /** There are quarantined secrets, which couldn't be read. */
  'quarantined-secrets',
] as const;

/** One of {@link FINDING_CODES}. */
export type FindingCode = (typeof FINDING_CODES)[number];

/** The severities of findings, in the order in which they are shown. */
export const SEVERITIES = ['error', 'warning', 'note'] as const;
/** The severity of a finding. */
export type Severity = (typeof SEVERITIES)[number];

/** The actions of code lenses for findings. */
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

/** A finding, and its quick fix. */
export interface DiagnosticFinding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly quickFix: QuickFix | undefined;
  /** The ID of the provider that it is about. */
  readonly providerId?: string | undefined;
  /** The session that it is about. */
  readonly session?: LiveSession | undefined;
  /** The entry of the settings that it is about. */
  readonly problem?: SettingProblem | undefined;
  /** The setting that it is about. */
  readonly numberProblem?: NumberProblem | undefined;
  /** Details in a stable form: claims, a category and a code, or a count. */
  readonly detail?: string | undefined;
  /** How far the server's clock is ahead, in ms. */
  readonly skew?: number | undefined;
}

/** Everything that findings are derived from. Points in time are in ms since the Unix epoch. */
export interface DiagnosticFacts {
  readonly now: number;
  readonly providers: readonly Provider[];
  readonly problems: readonly SettingProblem[];
  readonly numberProblems: readonly NumberProblem[];
  /** All sessions in memory, including those of providers that aren't configured. */
  readonly sessions: readonly LiveSession[];
  /** The sessions with a file, but without tokens in this window. */
  readonly lost: readonly { readonly id: string; readonly providerId: string }[];
  /** The latest discovery failure of each provider, if it hasn't succeeded since. */
  readonly unknownServers: readonly {
    readonly providerId: string;
    readonly category: Category;
    readonly code: string;
  }[];
  /** The provider IDs that other extensions use, too; absent if that isn't known. */
  readonly idConflicts?: readonly IdConflict[] | undefined;
  readonly store: StoreHealth;
  readonly folder: Health;
  /** Whether this window doesn't coordinate with the others. */
  readonly isDegraded: boolean;
  /** The number of quarantined secrets; undefined if that can't be read. */
  readonly quarantined: number | undefined;
  /** What disables the verification of TLS certificates: a setting, the environment, or nothing. */
  readonly tlsDisabledBy: TlsDisabledBy | undefined;
}
