// Makes the command `session-keeper` available in the terminals of this window, and answers it while terminal access is on.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import { formatFailure, type Log } from '../core/log.ts';
import { WINDOW_ID_PATTERN, WINDOW_VARIABLE } from '../core/terminal.ts';
import { PREFIX, SETTINGS } from '../host/ids.ts';
import type { Settings } from '../host/settings.ts';
import * as messages from '../host/terminalMessages.ts';
import type { TerminalConsent } from './terminalConsent.ts';
import type { TerminalRequests } from './terminalRequests.ts';

/** A socket of this window. */
interface Listener extends Disposable {
  /** Moves the window to the top of the list; false if it's no longer listed. */
  touch(): Promise<boolean>;
}

/** The files and the socket. The functions reject if the file system fails. */
export interface TerminalFiles {
  /** Writes the command; returns the folder for `PATH`, or undefined if there is no private location for it. */
  install(): Promise<string | undefined>;
  /** Returns a random ID for a window. */
  newWindowId(): string;
  /** Creates the key if needed, and listens; undefined if there is no private location for the socket. */
  listen(windowId: string, handle: TerminalRequests['handle']): Promise<Listener | undefined>;
  /** Deletes the key, so that no window answers. */
  deleteKey(): Promise<void>;
}

/** What terminal access depends on. */
export interface TerminalAccessDependencies {
  readonly consent: TerminalConsent;
  readonly context: Pick<vscode.ExtensionContext, 'environmentVariableCollection' | 'extension'>;
  readonly files: TerminalFiles;
  readonly log: Log;
  readonly requests: Pick<TerminalRequests, 'handle'>;
  readonly settings: Pick<Settings, 'isTerminalEnabled' | 'managed' | 'providers' | 'reload'>;
  readonly windowId: string;
}

/** The key in the workspace's memento. */
const WINDOW_ID_KEY = 'terminalWindowId';

/**
 * Returns the ID of this window. It's stored for the workspace, because terminals and their environment survive a reload
 * of the window.
 * @param random the ID if none is stored.
 */
export function readWindowId(workspaceState: vscode.Memento, random: string): string {
  const stored: unknown = workspaceState.get(WINDOW_ID_KEY);
  if (typeof stored === 'string' && WINDOW_ID_PATTERN.test(stored)) {
    return stored;
  }
  void workspaceState.update(WINDOW_ID_KEY, random).then(undefined, () => {});
  return random;
}

/** Terminal access of this window. */
export class TerminalAccess implements Disposable {
  readonly #dependencies: TerminalAccessDependencies;
  readonly #focus: Disposable;
  #listener: Listener | undefined;
  #updating: Promise<boolean> = Promise.resolve(false);
  #isDisposed = false;

  constructor(dependencies: TerminalAccessDependencies) {
    this.#dependencies = dependencies;
    // The most recently used window is asked if that of the terminal is closed.
    this.#focus = vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) {
        void this.#touch();
      }
    });
  }

  /** Applies the settings. Resolves with whether this window answers. Never rejects. */
  update(): Promise<boolean> {
    this.#updating = this.#updating.then(() =>
      this.#update().catch((error: unknown) => {
        this.#dependencies.log.warn(`Couldn't set up terminal access: ${formatFailure(toFailure(error))}.`);
        return false;
      }),
    );
    return this.#updating;
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#focus.dispose();
    this.#close();
  }

  /** Runs the command **Manage Terminal Access…**. */
  async manage(): Promise<void> {
    const { consent, settings } = this.#dependencies;
    if (!this.#hasTerminals) {
      void vscode.window.showInformationMessage(messages.remoteTerminals());
      return;
    }
    if (!settings.managed.allowsTerminal) {
      void vscode.window.showInformationMessage(messages.turnedOffByOrganization());
      return;
    }
    if (settings.isTerminalEnabled !== true) {
      const selected = await vscode.window.showInformationMessage(messages.offerToTurnOn(), messages.turnOn());
      if (selected !== undefined) {
        await this.#turnOn();
      }
      return;
    }
    const nameOf = (id: string): string => settings.providers.find((provider) => provider.id === id)?.label ?? id;
    const list = [
      ...consent.allowed.map((permission) => ({ permission, detail: messages.allowed() })),
      ...consent.denied.map((permission) => ({ permission, detail: messages.deniedUntilClosed() })),
    ].map(({ detail, permission }) => ({
      label: nameOf(permission.providerId),
      description: [permission.accountLabel, ...permission.scopes].join(' '),
      detail,
      permission,
    }));
    const picked = await vscode.window.showQuickPick<vscode.QuickPickItem & Partial<(typeof list)[number]>>(
      [...list, { label: messages.turnOff() }],
      { title: messages.manageTitle(), placeHolder: messages.managePlaceholder() },
    );
    if (picked?.permission !== undefined) {
      await consent.forget(picked.permission);
    } else if (picked !== undefined) {
      await this.#set(false);
    }
  }

  async #turnOn(): Promise<void> {
    await this.#set(true);
    const isOn = await this.update();
    void (isOn
      ? vscode.window.showInformationMessage(messages.turnedOn())
      : vscode.window.showErrorMessage(messages.couldNotListen()));
  }

  async #set(value: boolean): Promise<void> {
    const { settings } = this.#dependencies;
    await vscode.workspace
      .getConfiguration(PREFIX)
      .update(SETTINGS.terminalEnabled, value, vscode.ConfigurationTarget.Global);
    settings.reload();
    await this.update();
  }

  /** Whether the terminals of this window run on the same computer as the extension. */
  get #hasTerminals(): boolean {
    return (
      vscode.env.remoteName === undefined ||
      this.#dependencies.context.extension.extensionKind === vscode.ExtensionKind.Workspace
    );
  }

  async #update(): Promise<boolean> {
    const { context, files, log, requests, settings, windowId } = this.#dependencies;
    const isEnabled = settings.isTerminalEnabled;
    const variables = context.environmentVariableCollection;
    if (isEnabled !== true) {
      this.#close();
      await files.deleteKey();
    }
    // While it's undecided, the command explains how to turn it on.
    const isAvailable = isEnabled === true || (isEnabled === undefined && settings.providers.length > 0);
    if (!isAvailable || !this.#hasTerminals || this.#isDisposed) {
      variables.clear();
      return false;
    }
    const folder = await files.install();
    if (folder === undefined) {
      variables.clear();
      log.warn("Couldn't set up terminal access: there's no private folder for it.");
      return false;
    }
    setVariables(variables, folder, windowId);
    if (isEnabled === true && this.#listener === undefined) {
      const listener = await files.listen(windowId, (...request) => requests.handle(...request));
      this.#listener = listener;
      if (listener === undefined) {
        log.warn("Couldn't set up terminal access: there's no private location for a socket.");
      } else {
        log.info('Programs in the terminal can request access.');
      }
    }
    this.#closeIfDisposed();
    return this.#listener !== undefined;
  }

  async #touch(): Promise<void> {
    if (this.#listener !== undefined && !(await this.#listener.touch())) {
      // The folder was deleted.
      this.#close();
      await this.update();
    }
  }

  /** The window may have been closed while it started to listen. */
  #closeIfDisposed(): void {
    if (this.#isDisposed) {
      this.#close();
    }
  }

  #close(): void {
    this.#listener?.dispose();
    this.#listener = undefined;
  }
}

/** Sets the variables of new terminals; nothing changes if they're set already. */
function setVariables(variables: vscode.GlobalEnvironmentVariableCollection, folder: string, windowId: string): void {
  const delimiter = process.platform === 'win32' ? ';' : ':';
  variables.description = messages.variablesDescription();
  // Also after the shell's startup files, because some of them replace PATH.
  variables.append('PATH', `${delimiter}${folder}`, { applyAtProcessCreation: true, applyAtShellIntegration: true });
  variables.replace(WINDOW_VARIABLE, windowId);
}
