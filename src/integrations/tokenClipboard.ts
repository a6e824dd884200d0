// The commands that copy an access token. The user selects it each time because any extension or link can run commands.
import * as vscode from 'vscode';
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import type { Log } from '../core/log.ts';
import type { RememberedNames } from '../core/rememberedNames.ts';
import { isDpopBound, type SessionRecord } from '../core/session.ts';
import * as messages from '../host/clipboardMessages.ts';
import { noSession } from '../host/notificationMessages.ts';
import { confirmOnce } from '../host/rememberedNames.ts';
import type { Settings } from '../host/settings.ts';
import type { SessionManager } from '../sessions/sessionManager.ts';
import { describeSession } from '../storage/recordDescription.ts';
import type { TokenSource } from './tokenSource.ts';

/** How long, in ms, a token stays in the clipboard. */
const CLIPBOARD_TIMEOUT = 60 * SECOND;

/** The name of the warning among those that the user has confirmed. */
const WARNING = 'access-token';

/** What the commands depend on. */
export interface TokenClipboardDependencies {
  readonly clock: Clock;
  readonly log: Log;
  readonly sessionManager: Pick<SessionManager, 'getActive'>;
  readonly settings: Pick<Settings, 'nameOf' | 'providers'>;
  readonly tokenSource: TokenSource;
  /** The warnings that the user has confirmed. */
  readonly confirmed: RememberedNames;
  /** Shows why the token couldn't be copied. */
  reportFailure(error: unknown, record: SessionRecord): void;
}

/** How an access token is copied. */
interface Copying {
  /** The title of the list of sessions. */
  readonly title: string;
  /** Returns the text to copy. */
  readonly format: (token: string) => string;
  /** Returns the message that follows. */
  readonly describe: typeof messages.copied;
}

/** Copies access tokens, and removes them from the clipboard a minute later. */
export class TokenClipboard implements Disposable {
  readonly #dependencies: TokenClipboardDependencies;
  #copied: string | undefined;
  #timer: Disposable | undefined;

  constructor(dependencies: TokenClipboardDependencies) {
    this.#dependencies = dependencies;
  }

  /** Copies the access token of the session that the user selects. */
  async copyAccessToken(): Promise<void> {
    await this.#copy({ title: messages.copyTitle(), format: (token) => token, describe: messages.copied });
  }

  /** Copies an option for curl, with the access token in the header (RFC 6750 section 2.1). */
  async copyCurlHeader(): Promise<void> {
    await this.#copy({
      title: messages.copyCurlHeaderTitle(),
      format: (token) => `-H ${quoted(`Authorization: Bearer ${token}`)}`,
      describe: messages.copiedCurlOption,
    });
  }

  /** Removes the token from the clipboard immediately because the timer ends with the window. */
  dispose(): void {
    this.#timer?.dispose();
    void this.#clear();
  }

  async #copy({ describe, format, title }: Copying): Promise<void> {
    const record = await this.#selectSession(title);
    if (record === undefined || !(await this.#confirm())) {
      return;
    }
    const { clock, log, tokenSource } = this.#dependencies;
    try {
      const [issued] = await tokenSource.getTokens({
        providerId: record.providerId,
        scopes: record.scopes,
        filter: ({ id }) => id === record.id,
      });
      if (issued === undefined) {
        throw new Failure('signed-out', 'signed-out');
      }
      const text = format(issued.token);
      await vscode.env.clipboard.writeText(text);
      log.info(`${describeSession(issued.record)}: access token copied to the clipboard.`);
      this.#copied = text;
      this.#timer?.dispose();
      this.#timer = clock.after(CLIPBOARD_TIMEOUT, () => void this.#clear());
      void vscode.window.showInformationMessage(describe(issued.expiresAt, clock.now()));
    } catch (error) {
      this.#dependencies.reportFailure(error, record);
    }
  }

  async #selectSession(title: string): Promise<SessionRecord | undefined> {
    const { sessionManager, settings } = this.#dependencies;
    const records = settings.providers.flatMap(({ id }) => sessionManager.getActive(id).map(({ record }) => record));
    const copyable = records.filter((record) => !isDpopBound(record));
    if (copyable.length === 0) {
      const message = records.length === 0 ? noSession() : messages.onlyBoundTokens();
      void vscode.window.showInformationMessage(message);
      return undefined;
    }
    const items = copyable.map((record) => ({
      label: settings.nameOf(record.providerId),
      description: record.account.label,
      detail: messages.scopes(record.scopes),
      record,
    }));
    return (
      await vscode.window.showQuickPick(items, { title, placeHolder: messages.copyPrompt(), matchOnDescription: true })
    )?.record;
  }

  #confirm(): Promise<boolean> {
    return confirmOnce(this.#dependencies.confirmed, WARNING, () =>
      vscode.window.showWarningMessage(
        messages.copyWarning(),
        { modal: true, detail: messages.copyWarningDetail() },
        messages.copyButton(),
      ),
    );
  }

  async #clear(): Promise<void> {
    const copied = this.#copied;
    this.#copied = undefined;
    // Keeps what was copied since.
    try {
      if (copied !== undefined && (await vscode.env.clipboard.readText()) === copied) {
        await vscode.env.clipboard.writeText('');
      }
    } catch {
      // The browser doesn't allow reading the clipboard.
      this.#dependencies.log.warn("Couldn't clear the clipboard.");
    }
  }
}

/** Quotes a shell argument: for POSIX shells, PowerShell, and cmd.exe if its characters allow that, otherwise for POSIX shells. */
function quoted(argument: string): string {
  return /^[\w\-.~+/=: ]+$/u.test(argument) ? `"${argument}"` : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
}
