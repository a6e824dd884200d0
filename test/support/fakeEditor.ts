// VS Code's API in plain Node, as far as the product's own modules use it. It does nothing until a test acts in it, and
// remembers what was shown. vscodeWords.ts provides its parts as the module `vscode`.
import { Emitter } from '../../src/core/emitter.ts';
import { FakeQuickInput } from './fakeQuickInput.ts';

/** A message that was shown, with the labels of its buttons. */
export interface ShownMessage {
  readonly text: string;
  readonly buttons: readonly string[];
  readonly isModal: boolean;
}

/** A progress that was shown: its title and the label of its button. */
export interface ShownProgress {
  readonly title: string;
  readonly button: unknown;
  /** Presses its button. */
  press(): void;
  /** Returns whether its task is still running. */
  isOpen(): boolean;
}

/** An item of a quick pick. */
export interface PickedItem {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
}

/** An item in the status bar. */
export interface FakeStatusItem {
  text: string;
  name: string | undefined;
  command: unknown;
  tooltip: { readonly value: string } | undefined;
  backgroundColor: unknown;
  accessibilityInformation: { readonly label: string; readonly role?: string } | undefined;
  isShown: boolean;
}

/** An authentication provider, with the functions that VS Code calls. */
export interface FakeRegistration {
  readonly label: string;
  readonly provider: Readonly<Record<string, (...values: readonly unknown[]) => unknown>>;
}

type Listener<T> = (value: T) => void;
interface Disposing {
  dispose(): unknown;
}

const nothing = { dispose: (): void => {} };

/** The state of the editor that tests read and change. */
class FakeEditor {
  /** The user's settings, by full ID; {@link configure} also fires a change. */
  readonly settings = new Map<string, unknown>();
  readonly statusItems: FakeStatusItem[] = [];
  readonly messages: ShownMessage[] = [];
  readonly progress: ShownProgress[] = [];
  /** The commands that were run in VS Code itself, with their arguments. */
  readonly executed: (readonly unknown[])[] = [];
  readonly commands = new Map<string, (...values: readonly unknown[]) => unknown>();
  readonly providers = new Map<string, FakeRegistration>();
  /** The providers of MCP servers. */
  readonly mcpProviders = new Map<string, FakeRegistration['provider']>();
  /** The other extensions. */
  readonly extensions: { id: string; packageJSON: unknown; exports?: unknown }[] = [];
  readonly clipboard: string[] = [];
  readonly windowState = { focused: true, active: true };
  /** The open workspace. */
  readonly workspace = { isTrusted: true, name: 'shop' as string | undefined };
  /** Where the extension and the terminals run. */
  readonly remote = { name: undefined as string | undefined };
  activeTextEditor: { readonly document: unknown } | undefined;
  /** The button that the user presses in a message; undefined for none. */
  respond: (message: ShownMessage) => string | undefined | Promise<string | undefined> = () => undefined;
  /** The item that the user selects in a quick pick; undefined for none. */
  pick: (items: readonly PickedItem[]) => PickedItem | undefined = () => undefined;
  readonly onState = new Emitter<{ focused: boolean; active: boolean }>();
  readonly onSelection = new Emitter<unknown>();
  readonly onText = new Emitter<unknown>();
  readonly onActiveEditor = new Emitter<unknown>();
  readonly onActiveTerminal = new Emitter<unknown>();
  readonly onOpenTerminal = new Emitter<unknown>();
  readonly onTerminalState = new Emitter<unknown>();
  readonly onShellExecution = new Emitter<unknown>();
  readonly onConfiguration = new Emitter<unknown>();
  readonly onExtensions = new Emitter<undefined>();
  readonly onSessions = new Emitter<{ readonly provider: { readonly id: string } }>();
  /** The requests for sessions that this extension itself has sent. */
  readonly sessionRequests: { readonly id: string; readonly wanted: unknown; readonly options: unknown }[] = [];

  /** Resets everything, as if VS Code had been restarted. */
  reset(): void {
    for (const list of [
      this.statusItems,
      this.messages,
      this.progress,
      this.executed,
      this.clipboard,
      this.extensions,
      this.sessionRequests,
    ]) {
      list.length = 0;
    }
    for (const map of [this.settings, this.commands, this.providers, this.mcpProviders]) {
      map.clear();
    }
    for (const event of Object.values(this)) {
      if (event instanceof Emitter) {
        event.dispose();
      }
    }
    Object.assign(this.windowState, { focused: true, active: true });
    Object.assign(this.workspace, { isTrusted: true, name: 'shop' });
    this.remote.name = undefined;
    this.activeTextEditor = undefined;
    this.respond = () => undefined;
    this.pick = () => undefined;
  }

  /** Changes a setting, by its full ID. */
  configure(id: string, value: unknown): void {
    this.configureAll({ [id]: value });
  }

  /** Changes several settings at the same time, by their full IDs. */
  configureAll(values: Readonly<Record<string, unknown>>): void {
    for (const [id, value] of Object.entries(values)) {
      this.settings.set(id, value);
    }
    // Like VS Code, this finds only the first setting that begins with the section, which can be of another section.
    const changed = `\n${Object.keys(values).join('\n')}\n`;
    const affectsConfiguration = (section: string): boolean => {
      const at = changed.indexOf(`\n${section}`);
      return at >= 0 && /[.\n]/u.test(changed.charAt(at + section.length + 1));
    };
    this.onConfiguration.fire({ affectsConfiguration });
  }

  /** Gives the window the focus, or takes it away. */
  focus(focused: boolean, active = focused): void {
    Object.assign(this.windowState, { focused, active });
    this.onState.fire({ ...this.windowState });
  }
}

/** The only editor of this process. */
export const editor = new FakeEditor();

/** VS Code's own emitter. */
export class EventEmitter<T> extends Emitter<T> {}

/** Several disposables as one. */
export const Disposable = {
  from: (...parts: readonly Disposing[]): Disposing => ({ dispose: () => parts.forEach((part) => part.dispose()) }),
};

/** Shows a message, and returns the button that the user presses. */
function show(text: string, ...rest: readonly unknown[]): Promise<string | undefined> {
  const isModal = rest.some((one) => typeof one === 'object' && one !== null && 'modal' in one);
  const message = { text, isModal, buttons: rest.filter((one) => typeof one === 'string') };
  editor.messages.push(message);
  return Promise.resolve(editor.respond(message));
}

interface Token {
  readonly isCancellationRequested: boolean;
  readonly onCancellationRequested: (listener: Listener<undefined>) => Disposing;
}

interface Configuration {
  get(name: string): unknown;
  inspect(name: string): { readonly globalValue: unknown };
  update(name: string, value: unknown): Promise<void>;
}

/** Windows, messages and terminals. */
export const window = {
  get state(): FakeEditor['windowState'] {
    return editor.windowState;
  },
  get activeTextEditor(): FakeEditor['activeTextEditor'] {
    return editor.activeTextEditor;
  },
  onDidChangeWindowState: editor.onState.event,
  onDidChangeTextEditorSelection: editor.onSelection.event,
  onDidChangeActiveTextEditor: editor.onActiveEditor.event,
  onDidChangeActiveTerminal: editor.onActiveTerminal.event,
  onDidOpenTerminal: editor.onOpenTerminal.event,
  onDidChangeTerminalState: editor.onTerminalState.event,
  onDidStartTerminalShellExecution: editor.onShellExecution.event,
  showInformationMessage: show,
  showWarningMessage: show,
  showErrorMessage: show,
  showQuickPick: (items: readonly PickedItem[]): Promise<PickedItem | undefined> => Promise.resolve(editor.pick(items)),
  createQuickPick: (): FakeQuickInput => new FakeQuickInput(),
  createInputBox: (): FakeQuickInput => new FakeQuickInput(),
  registerUriHandler: (): Disposing => nothing,
  createOutputChannel: (): Readonly<Record<string, () => void>> => ({
    trace() {},
    debug() {},
    info() {},
    warn() {},
    error() {},
    show() {},
    dispose() {},
  }),
  createStatusBarItem: (): FakeStatusItem & Disposing => {
    const item: FakeStatusItem & Disposing & { show(): void; hide(): void } = {
      text: '',
      name: undefined,
      command: undefined,
      tooltip: undefined,
      backgroundColor: undefined,
      accessibilityInformation: undefined,
      isShown: false,
      show: () => void (item.isShown = true),
      hide: () => void (item.isShown = false),
      dispose: () => void (item.isShown = false),
    };
    editor.statusItems.push(item);
    return item;
  },
  withProgress: <T>(
    options: { readonly title?: string; readonly cancellable?: unknown },
    task: (progress: unknown, token: Token) => Promise<T>,
  ): Promise<T> => {
    const canceled = new Emitter<undefined>();
    let isOpen = true;
    editor.progress.push({
      title: options.title ?? '',
      button: options.cancellable,
      press: () => canceled.fire(undefined),
      isOpen: () => isOpen,
    });
    const token = { isCancellationRequested: false, onCancellationRequested: canceled.event };
    return task({ report: () => {} }, token).finally(() => (isOpen = false));
  },
};

/** Settings and documents. */
export const workspace = {
  get isTrusted(): boolean {
    return editor.workspace.isTrusted;
  },
  get name(): string | undefined {
    return editor.workspace.name;
  },
  onDidChangeConfiguration: editor.onConfiguration.event,
  onDidChangeTextDocument: editor.onText.event,
  registerTextDocumentContentProvider: (): Disposing => nothing,
  getConfiguration: (section: string): Configuration => ({
    get: (name: string): unknown => editor.settings.get(`${section}.${name}`),
    inspect: (name: string): { readonly globalValue: unknown } => ({
      globalValue: editor.settings.get(`${section}.${name}`),
    }),
    update: (name: string, value: unknown): Promise<void> =>
      Promise.resolve(void editor.configure(`${section}.${name}`, value)),
  }),
};

/** Commands: the registered ones, and a record of all others. */
export const commands = {
  registerCommand: (id: string, run: (...values: readonly unknown[]) => unknown): Disposing => {
    editor.commands.set(id, run);
    return { dispose: () => void editor.commands.delete(id) };
  },
  executeCommand: (id: string, ...values: readonly unknown[]): Promise<unknown> => {
    const run = editor.commands.get(id);
    if (run === undefined) {
      editor.executed.push([id, ...values]);
    }
    return Promise.resolve(run?.(...values));
  },
};

/** Calls the function of a provider for scopes or for a challenge. */
function callProvider(id: string, wanted: unknown, action: 'get' | 'create'): unknown {
  const provider = editor.providers.get(id)?.provider;
  const [get, create] = Array.isArray(wanted)
    ? (['getSessions', 'createSession'] as const)
    : (['getSessionsFromChallenges', 'createSessionFromChallenges'] as const);
  if (provider !== undefined && provider[get] === undefined) {
    throw new Error(`The authentication provider "${id}" does not support getting sessions from challenges.`);
  }
  return provider?.[action === 'get' ? get : create]?.(wanted, {});
}

/**
 * Authentication, as in one extension host: the first registration of an ID is kept and others are silently ignored; the
 * handle of any of them removes the existing one.
 */
export const authentication = {
  registerAuthenticationProvider: (id: string, label: string, provider: FakeRegistration['provider']): Disposing => {
    if (!editor.providers.has(id)) {
      editor.providers.set(id, { label, provider });
    }
    return { dispose: () => void editor.providers.delete(id) };
  },
  /** Returns a session as VS Code does: from the provider, or by a sign-in if the options allow that. */
  getSession: async (
    id: string,
    wanted: readonly string[] | { readonly wwwAuthenticate: string },
    options: { readonly createIfNone?: unknown; readonly forceNewSession?: unknown } = {},
  ): Promise<unknown> => {
    editor.sessionRequests.push({ id, wanted, options });
    const isSignIn = options.createIfNone === true || options.forceNewSession === true;
    const found = options.forceNewSession === true ? [] : await callProvider(id, wanted, 'get');
    return Array.isArray(found) && found.length > 0
      ? (found as unknown[])[0]
      : isSignIn
        ? callProvider(id, wanted, 'create')
        : undefined;
  },
  onDidChangeSessions: editor.onSessions.event,
};

/** Language models: the registered providers of MCP servers. */
export const lm = {
  registerTool: (): Disposing => nothing,
  registerMcpServerDefinitionProvider: (id: string, provider: FakeRegistration['provider']): Disposing => {
    editor.mcpProviders.set(id, provider);
    return { dispose: () => void editor.mcpProviders.delete(id) };
  },
};

/** The definition of an MCP server. */
export class McpHttpServerDefinition {
  readonly label: string;
  readonly uri: { toString(): string };
  readonly headers: Readonly<Record<string, string>>;
  readonly version: string | undefined;

  constructor(label: string, uri: { toString(): string }, headers: Readonly<Record<string, string>>, version?: string) {
    this.label = label;
    this.uri = uri;
    this.headers = headers;
    this.version = version;
  }
}

/** Extensions. */
export const extensions = {
  getExtension: (id: string): { activate(): Promise<unknown> } | undefined => {
    const found = editor.extensions.find((extension) => extension.id === id);
    return found === undefined ? undefined : { activate: () => Promise.resolve(found.exports) };
  },
  get all(): FakeEditor['extensions'] {
    return editor.extensions;
  },
  onDidChange: editor.onExtensions.event,
};

/** Languages. */
export const languages = { registerCodeLensProvider: (): Disposing => nothing };

/** A Markdown text. */
export class MarkdownString {
  value: string;
  isTrusted: unknown = undefined;

  constructor(value = '') {
    this.value = value;
  }

  /** Appends to it. */
  appendMarkdown(more: string): this {
    this.value += more;
    return this;
  }
}

/** A text for a language model. */
export class LanguageModelTextPart {
  readonly value: string;

  constructor(value: string) {
    this.value = value;
  }
}

/** The result of a language model tool. */
export class LanguageModelToolResult {
  readonly content: readonly unknown[];

  constructor(content: readonly unknown[]) {
    this.content = content;
  }
}

/** An icon by its ID. */
export class ThemeIcon {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

/** A color by its ID. */
export class ThemeColor {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

/** A range of lines and characters. */
export class Range {
  readonly start: { readonly line: number };

  constructor(line: number) {
    this.start = { line };
  }
}

/** A command above a line. */
export class CodeLens {
  readonly range: Range;
  readonly command: unknown;

  constructor(range: Range, command: unknown) {
    this.range = range;
    this.command = command;
  }
}

/** URIs. */
export const Uri = {
  from: (parts: object): object => parts,
  parse: (value: string): { toString(): string } => ({ toString: () => value }),
  joinPath: (...parts: readonly unknown[]): unknown => parts,
};

/** VS Code's version. */
export const version = '1.139.1';
/** Constants of VS Code's API. */
export const TextEditorSelectionChangeKind = { Keyboard: 1, Mouse: 2, Command: 3 };
/** Where progress is shown. */
export const ProgressLocation = { SourceControl: 1, Window: 10, Notification: 15 };
/** The side of the status bar. */
export const StatusBarAlignment = { Left: 1, Right: 2 };
/** The target of a change to the settings. */
export const ConfigurationTarget = { Global: 1 };
/** The kind of UI that VS Code runs in. */
export const UIKind = { Desktop: 1, Web: 2 };
/** The side on which the extension runs. */
export const ExtensionKind = { UI: 1, Workspace: 2 };
/** The Back button. */
export const QuickInputButtons = { Back: Symbol('back') };
/** The severity of an input box's message. */
export const InputBoxValidationSeverity = { Info: 1, Warning: 2, Error: 3 };
/** The kinds of quick pick items. */
export const QuickPickItemKind = { Separator: -1, Default: 0 };
/** The user's environment, in English. */
export const env = {
  language: 'en',
  appHost: 'desktop',
  appName: 'Test',
  get remoteName(): string | undefined {
    return editor.remote.name;
  },
  sessionId: 'session-of-the-editor',
  uiKind: UIKind.Desktop,
  uriScheme: 'test',
  clipboard: {
    writeText: (text: string): Promise<void> => Promise.resolve(void editor.clipboard.push(text)),
    readText: (): Promise<string> => Promise.resolve(editor.clipboard.at(-1) ?? ''),
  },
  asExternalUri: <T>(uri: T): Promise<T> => Promise.resolve(uri),
  openExternal: (): Promise<boolean> => Promise.resolve(true),
};
