import * as vscode from 'vscode';
import { SECOND, systemClock } from '../core/clock.ts';
import { CALLBACK_PATH } from '../core/redirectUri.ts';
import { environmentOf, type Environment } from '../flows/availability.ts';
import type { UriCallbackRouter } from '../flows/uriCallbackRouter.ts';

/** How long, in ms, VS Code may take to say what it makes of a URI of the editor. */
const PATIENCE = 3 * SECOND;

/** Where VS Code runs, and at which addresses the browser comes back to it. */
export class RedirectEnvironment {
  readonly #extension: vscode.Extension<unknown>;
  #page: Promise<string | undefined> | undefined;

  constructor(extension: vscode.Extension<unknown>) {
    this.#extension = extension;
  }

  /** What is known of where VS Code runs. */
  async environment(): Promise<Environment> {
    const isBrowser = vscode.env.uiKind === vscode.UIKind.Web;
    const pageHost = isBrowser ? await (this.#page ??= this.#pageHost()) : undefined;
    return environmentOf({
      isBrowser,
      remoteName: vscode.env.remoteName,
      isAtWorkspace: this.#isAtWorkspace(),
      pageHost,
    });
  }

  /** The address at which the person's browser reaches a loopback address of this machine: VS Code brings it here from its window's. */
  async toExternalUrl(address: string): Promise<string> {
    // In a browser VS Code would make an address of its own server of it, which nobody has registered.
    const isBrought =
      vscode.env.remoteName !== undefined && this.#isAtWorkspace() && vscode.env.uiKind === vscode.UIKind.Desktop;
    return isBrought ? (await vscode.env.asExternalUri(vscode.Uri.parse(address))).toString(true) : address;
  }

  /** The URI at which the editor hands callbacks to this extension, as it is registered at a server: RFC 8252 section 7.1. */
  get callbackUri(): string {
    return `${vscode.env.uriScheme}://${this.#extension.id}${CALLBACK_PATH}`;
  }

  /**
   * The same as the browser follows it. On the desktop it is unchanged, because VS Code would add the number of the
   * window, and no server knows that; in a browser it is what VS Code makes of it.
   */
  async getCallbackUri(): Promise<string> {
    return vscode.env.uiKind === vscode.UIKind.Web
      ? (await this.#externalCallbackUri()).toString(true)
      : this.callbackUri;
  }

  /** Hands a URI that has arrived in this window to the router. */
  handleUri(uri: vscode.Uri, router: UriCallbackRouter): Promise<void> {
    // The desktop parses the URI and decodes it; a page hands the components on as the browser has them.
    return router.handleCallback(uri.toString(), vscode.env.uiKind === vscode.UIKind.Desktop);
  }

  #isAtWorkspace(): boolean {
    return this.#extension.extensionKind === vscode.ExtensionKind.Workspace;
  }

  /** VS Code makes an address below that of its own page of a URI of the editor; a port it would have to forward to tell. */
  async #pageHost(): Promise<string | undefined> {
    try {
      const unknown = new Promise<undefined>((resolve) => systemClock.after(PATIENCE, () => resolve(undefined)));
      const uri = await Promise.race([this.#externalCallbackUri(), unknown]);
      if (uri !== undefined) {
        return new URL(uri.toString(true)).hostname;
      }
    } catch {
      // What has not worked once may work the next time.
    }
    this.#page = undefined;
    return undefined;
  }

  async #externalCallbackUri(): Promise<vscode.Uri> {
    return vscode.env.asExternalUri(vscode.Uri.parse(this.callbackUri));
  }
}
