// Which programs in the terminal may use which sessions. The user decides for each account and workspace.
import * as vscode from 'vscode';
import { MINUTE, type Clock } from '../core/clock.ts';
import { sanitizeDisplayName } from '../core/failure.ts';
import type { Provider } from '../core/provider.ts';
import type { SessionRecord } from '../core/session.ts';
import * as button from '../host/buttonLabels.ts';
import * as messages from '../host/terminalMessages.ts';

/** How long, in ms, a program waits for the user's decision. */
const ANSWER_TIMEOUT = 2 * MINUTE;
/** The key in the workspace's memento. */
const MEMENTO_KEY = 'terminalPermissions';
const MAX_PERMISSIONS = 100;

/** What a decision is about. */
export interface Permission {
  readonly providerId: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly accountId: string;
  readonly accountLabel: string;
  /** The scopes, if others than the configured ones were requested; otherwise empty. */
  readonly scopes: readonly string[];
}

/** The decision of the user, or none in time. */
export type Decision = 'allowed' | 'denied' | 'no-answer';

type Ends = ((decision: Decision) => void)[];

/** A question to the user. */
interface Question {
  readonly ask: () => Promise<Decision>;
  /** Whether the answer applies to all programs that wait for it, rather than to the first one. */
  readonly isForAll: () => boolean;
}

/** What decisions depend on. */
export interface TerminalConsentDependencies {
  readonly clock: Clock;
  /** Stores permissions for this workspace. */
  readonly workspaceState: vscode.Memento;
  /** Returns the label of a provider. */
  nameOf(id: string): string;
}

/** The decisions for this workspace. */
export class TerminalConsent {
  readonly #dependencies: TerminalConsentDependencies;
  /** The denials, which apply until the window closes. */
  readonly #denied = new Map<string, Permission>();
  /** The programs that wait for each open question, the first one first. */
  readonly #waiting = new Map<string, Set<Ends[number]>>();

  constructor(dependencies: TerminalConsentDependencies) {
    this.#dependencies = dependencies;
  }

  /** Returns the stored permissions. */
  get allowed(): Permission[] {
    const stored: unknown = this.#dependencies.workspaceState.get(MEMENTO_KEY);
    return Array.isArray(stored) ? stored.filter(isPermission) : [];
  }

  /** Returns what was denied since the window was opened. */
  get denied(): Permission[] {
    return [...this.#denied.values()];
  }

  /** Removes a permission or a denial, so that the user is asked again. */
  async forget(permission: Permission): Promise<void> {
    this.#denied.delete(keyOf(permission));
    await this.#store(this.allowed.filter((one) => keyOf(one) !== keyOf(permission)));
  }

  /**
   * Returns the user's decision about a session. Asks if there is none.
   * @param onAsk is called before the user is asked.
   * @param signal is aborted when the program has ended.
   */
  async decide(
    permission: Permission,
    isOwnTerminal: boolean,
    onAsk: () => void,
    signal: AbortSignal,
  ): Promise<Decision> {
    const known = this.#knownDecision(permission);
    if (known !== undefined) {
      return known;
    }
    onAsk();
    return this.#join(JSON.stringify([keyOf(permission), isOwnTerminal]), signal, {
      ask: () => this.#ask(permission, isOwnTerminal),
      isForAll: () => this.#knownDecision(permission) !== undefined,
    });
  }

  /** Asks the user whether to sign in because a program requests it. */
  async decideSignIn({ id, label }: Provider, signal: AbortSignal): Promise<Decision> {
    return this.#join(JSON.stringify([id]), signal, {
      ask: async () => {
        const question = messages.signInQuestion(label);
        const selected = await vscode.window.showWarningMessage(question, button.signIn(), messages.deny());
        return selected === button.signIn() ? 'allowed' : 'denied';
      },
      isForAll: () => true,
    });
  }

  /** Waits for the answer to a question, which is shown once for all programs that wait for it. */
  #join(name: string, signal: AbortSignal, question: Question): Promise<Decision> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve('no-answer');
        return;
      }
      const end = (decision: Decision): void => {
        timer.dispose();
        signal.removeEventListener('abort', onAbort);
        this.#waiting.get(name)?.delete(end);
        resolve(decision);
      };
      const onAbort = (): void => end('no-answer');
      const timer = this.#dependencies.clock.after(ANSWER_TIMEOUT, onAbort);
      signal.addEventListener('abort', onAbort);
      const waiting = this.#waiting.get(name);
      this.#waiting.set(name, new Set([...(waiting ?? []), end]));
      if (waiting === undefined) {
        void this.#askAll(name, question);
      }
    });
  }

  #knownDecision(permission: Permission): Decision | undefined {
    const key = keyOf(permission);
    return this.#denied.has(key) ? 'denied' : this.allowed.some((one) => keyOf(one) === key) ? 'allowed' : undefined;
  }

  /** Asks until no program waits. One question is shown at a time; allowing once applies to the first program only. */
  async #askAll(name: string, { ask, isForAll }: Question): Promise<void> {
    const waiting = (): Ends => [...(this.#waiting.get(name) ?? [])];
    try {
      while (waiting().length > 0) {
        const decision = await ask();
        waiting()
          .slice(0, isForAll() ? undefined : 1)
          .forEach((end) => end(decision));
      }
    } catch {
      waiting().forEach((end) => end('no-answer'));
    } finally {
      this.#waiting.delete(name);
    }
  }

  /** A notification rather than a dialog, because a key that is pressed in the terminal at that moment mustn't allow it. */
  async #ask(permission: Permission, isOwnTerminal: boolean): Promise<Decision> {
    const { accountLabel, providerId, scopes } = permission;
    const workspace = vscode.workspace.name;
    const selected = await vscode.window.showWarningMessage(
      messages.consentQuestion({
        provider: this.#dependencies.nameOf(providerId),
        account: sanitizeDisplayName(accountLabel),
        workspace: workspace === undefined ? undefined : sanitizeDisplayName(workspace),
        isOwnTerminal,
        scopes: scopes.length === 0 ? undefined : [sanitizeDisplayName(scopes.join(' '))],
      }),
      messages.allowForWorkspace(),
      messages.allowOnce(),
      messages.deny(),
    );
    if (selected === messages.allowOnce()) {
      return 'allowed';
    }
    if (selected === messages.allowForWorkspace()) {
      await this.#store([...this.allowed, permission].slice(-MAX_PERMISSIONS));
      return 'allowed';
    }
    // Closing the notification counts as well, so that a program can't ask again and again.
    this.#denied.set(keyOf(permission), permission);
    return 'denied';
  }

  async #store(permissions: readonly Permission[]): Promise<void> {
    await this.#dependencies.workspaceState.update(MEMENTO_KEY, permissions);
  }
}

/** Returns what a decision about a session is about. */
export function permissionFor(record: SessionRecord, requested: readonly string[] | undefined): Permission {
  const { account, clientId, issuer, providerId } = record;
  return {
    providerId,
    issuer,
    clientId,
    accountId: account.id,
    accountLabel: account.label,
    scopes: [...new Set(requested)].sort(),
  };
}

function keyOf({ accountId, clientId, issuer, providerId, scopes }: Permission): string {
  return JSON.stringify([providerId, issuer, clientId, accountId, scopes]);
}

function isPermission(value: unknown): value is Permission {
  const fields: Readonly<Record<string, unknown>> = { ...(typeof value === 'object' ? value : undefined) };
  const { scopes } = fields;
  return (
    ['providerId', 'issuer', 'clientId', 'accountId', 'accountLabel'].every(
      (name) => typeof fields[name] === 'string',
    ) &&
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === 'string')
  );
}
