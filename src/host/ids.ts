// The names that are also in package.json. A test compares the two.

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
  editProvider: 'sessionKeeper.editProvider',
  showDiagnostics: 'sessionKeeper.showDiagnostics',
  copyDiagnostics: 'sessionKeeper.copyDiagnostics',
  setClientSecret: 'sessionKeeper.setClientSecret',
  copyAccessToken: 'sessionKeeper.copyAccessToken',
  copyCurlHeader: 'sessionKeeper.copyCurlHeader',
  addMcpServer: 'sessionKeeper.addMcpServer',
  manageTerminalAccess: 'sessionKeeper.manageTerminalAccess',
} as const;

/** The command behind the links in notifications, which isn't in the Command Palette. */
export const NOTIFICATION_LINK_COMMAND = 'sessionKeeper.followLink';

/** The command that returns the headers for a DPoP-bound token to other extensions; it isn't in any menu. */
export const DPOP_COMMAND = 'sessionKeeper.dpopHeaders';

/** The command with which extensions in another extension host declare providers; it isn't in any menu. */
export const DECLARE_COMMAND = 'sessionKeeper.declareProvider';

/** The ID of the provider of MCP servers. */
export const MCP_PROVIDER = 'sessionKeeper.mcpServers';

/** The name of the language model tool. */
export const SESSIONS_TOOL = 'session-keeper_sessions';

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
  gracePeriod: 'gracePeriod',
  mutedNotifications: 'mutedNotifications',
  terminalEnabled: 'terminal.enabled',
} as const;

/** The kinds of notifications that the user hasn't requested; each can be muted. */
export const NOTIFICATION_KINDS = [
  'ending',
  'ended',
  'outage',
  'attention',
  'consent',
  'storage',
  'clock',
  'idle',
  'tls',
] as const;
/** One of {@link NOTIFICATION_KINDS}. */
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];

/** The context keys, for the `when` clauses of this extension and of others. */
export const CONTEXT_KEYS = {
  /** There is a session, active or ended. */
  hasSessions: 'sessionKeeper.hasSessions',
  /** There is a session, including those that aren't used, because their provider isn't configured as it was. */
  canSignOut: 'sessionKeeper.canSignOut',
  /** A session can be renewed. */
  canRenew: 'sessionKeeper.canRenew',
  /** There is an active session. With `.` and a provider's ID appended, the key is for that provider. */
  signedIn: 'sessionKeeper.signedIn',
} as const;

/** The ID of the status bar item, by which VS Code remembers whether it's hidden. */
export const STATUS_ITEM = 'sessionKeeper.status';

/** The folder that all windows share, below the extension's global storage: session files, locks, claims. */
export const SHARED_FOLDER = 'sessions';

/** The folder next to it, in which a window passes a URI callback to the window that waits for it. */
export const CALLBACKS_FOLDER = 'callbacks';

/** The URI scheme of the document with the diagnostics. */
export const DIAGNOSTICS_SCHEME = 'session-keeper';

/** The command behind the quick fixes in that document; it isn't in any menu. */
export const APPLY_FIX_COMMAND = 'sessionKeeper.applyFix';
