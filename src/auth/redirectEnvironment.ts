import * as vscode from 'vscode';
import { SECOND, systemClock } from '../core/clock.ts';
import { CALLBACK_PATH } from '../core/redirectUri.ts';
import { environmentOf, type Environment } from '../flows/availability.ts';
import type { UriCallbackRouter } from '../flows/uriCallbackRouter.ts';

/**
 * How long, in ms, to wait for VS Code to translate the callback URI. A window that is still loading on a slow computer takes
 * several seconds, and without it, the user would have to enter a code.
 */
const EXTERNAL_URI_TIMEOUT = 10 * SECOND;

/** Where VS Code runs, and at which URLs the browser returns to it. */
export class RedirectEnvironment {
  readonly #extension: vscode.Extension<unknown>;
  #page: Promise<string | undefined> | undefined;

  constructor(extension: vscode.Extension<unknown>) {
    this.#extension = extension;
  }

  /** Returns what is known about where VS Code runs. */
  async getEnvironment(): Promise<Environment> {
    const isBrowser = vscode.env.uiKind === vscode.UIKind.Web;
    const pageHost = isBrowser ? await (this.#page ??= this.#pageHost()) : undefined;
    return environmentOf({
      isBrowser,
      remoteName: vscode.env.remoteName,
      isAtWorkspace: this.#isAtWorkspace(),
      pageHost,
    });
  }

  /** Returns the URL at which the user's browser reaches a loopback URL of this machine: in a remote window, VS Code forwards the port. */
  async toExternalUrl(url: string): Promise<string> {
    // In a browser, VS Code would return a URL of its own server, which isn't registered.
    const isForwarded =
      vscode.env.remoteName !== undefined && this.#isAtWorkspace() && vscode.env.uiKind === vscode.UIKind.Desktop;
    return isForwarded ? (await vscode.env.asExternalUri(vscode.Uri.parse(url))).toString(true) : url;
  }

  /** The URI for callbacks through the editor, as it is registered at a server (RFC 8252 section 7.1). */
  get callbackUri(): string {
    return `${vscode.env.uriScheme}://${this.#extension.id}${CALLBACK_PATH}`;
  }

  /**
   * Returns the same URI in the form that the browser opens. On the desktop it is unchanged, because VS Code would add the
   * window's ID, which isn't registered at the server; in a browser it is the URL that VS Code returns for it.
   */
  async getCallbackUri(): Promise<string> {
    return vscode.env.uiKind === vscode.UIKind.Web
      ? (await this.#externalCallbackUri()).toString(true)
      : this.callbackUri;
  }

  /** Passes a URI that VS Code has opened in this window to the router. */
  handleUri(uri: vscode.Uri, router: UriCallbackRouter): Promise<void> {
    // On the desktop, VS Code parses and decodes the URI; in a browser, it passes the components on unchanged.
    return router.handleCallback(uri.toString(), vscode.env.uiKind === vscode.UIKind.Desktop);
  }

  #isAtWorkspace(): boolean {
    return this.#extension.extensionKind === vscode.ExtensionKind.Workspace;
  }

  /** In a browser, the external form of the callback URI has the host of VS Code's page. Asking for a port would forward it. */
  async #pageHost(): Promise<string | undefined> {
    try {
      const timeout = new Promise<undefined>((resolve) =>
        systemClock.after(EXTERNAL_URI_TIMEOUT, () => resolve(undefined)),
      );
      const uri = await Promise.race([this.#externalCallbackUri(), timeout]);
      if (uri !== undefined) {
        return new URL(uri.toString(true)).hostname;
      }
    } catch {
      // It may succeed next time.
    }
    this.#page = undefined;
    return undefined;
  }

  async #externalCallbackUri(): Promise<vscode.Uri> {
    return vscode.env.asExternalUri(vscode.Uri.parse(this.callbackUri));
  }
}
