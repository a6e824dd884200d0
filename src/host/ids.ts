// Every name that package.json knows too; a test holds the two against each other.

/** The display name of the extension, which is not translated. */
export const PRODUCT = 'Session Keeper';

/** The prefix of commands, settings and context keys. */
export const PREFIX = 'sessionKeeper';

/** The commands. */
export const COMMANDS = {
  signIn: 'sessionKeeper.signIn',
  signOut: 'sessionKeeper.signOut',
  renewNow: 'sessionKeeper.renewNow',
  showSessions: 'sessionKeeper.showSessions',
  showLog: 'sessionKeeper.showLog',
  addProvider: 'sessionKeeper.addProvider',
  showDiagnostics: 'sessionKeeper.showDiagnostics',
  copyDiagnostics: 'sessionKeeper.copyDiagnostics',
  setClientSecret: 'sessionKeeper.setClientSecret',
} as const;

/** The command behind the links in toasts; nobody else has use for it, so the palette does not show it. */
export const NOTIFICATION_LINK_COMMAND = 'sessionKeeper.followLink';

/** The command that gives other extensions the headers for a token that is bound to a key; it stands in no menu. */
export const DPOP_COMMAND = 'sessionKeeper.dpopHeaders';

/** The settings, without the prefix. */
export const SETTINGS = {
  providers: 'providers',
  refreshLeeway: 'refreshLeeway',
  minimumValidity: 'minimumValidity',
  refreshInterval: 'refreshInterval',
  expiryWarning: 'expiryWarning',
  signInTimeout: 'signInTimeout',
  idleTimeout: 'idleTimeout',
  callsCountAsActivity: 'callsCountAsActivity',
  mutedNotifications: 'mutedNotifications',
} as const;

/** The kinds of notifications that come by themselves, each of which can be muted. */
export const NOTIFICATION_KINDS = [
  'ending',
  'ended',
  'outage',
  'attention',
  'consent',
  'storage',
  'clock',
  'idle',
] as const;
/** One of these kinds. */
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

/** The context keys that decide which commands the palette shows. */
export const CONTEXT_KEYS = {
  /** Somebody is signed in, or was and can be told so. */
  hasSessions: 'sessionKeeper.hasSessions',
  /** Some session can be renewed. */
  canRenew: 'sessionKeeper.canRenew',
} as const;

/** The status bar item's id; people's choice to hide it hangs on it. */
export const STATUS_ITEM = 'sessionKeeper.status';

/** The folder that all windows share, below the extension's global storage: session index, turns, sealed copies. */
export const SHARED_FOLDER = 'sessions';

/** The folder beside it in which a window passes a URI callback on to the one that waits for it. */
export const CALLBACKS_FOLDER = 'callbacks';

/** The scheme of the document with the diagnostics. */
export const DIAGNOSTICS_SCHEME = 'session-keeper';

/** The command behind what a finding of that document offers; it stands in no menu. */
export const MEND_COMMAND = 'sessionKeeper.mend';
