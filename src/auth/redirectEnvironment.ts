import * as vscode from 'vscode';
import { SECOND, systemClock } from '../core/clock.ts';
import type { Provider, SignInMethod } from '../core/provider.ts';
import { loopbackAddresses } from '../flows/loopback.ts';
import { LINK_PATH, reencodeQuery, type UriCallbackRouter } from '../flows/uriCallbackRouter.ts';
import { environmentOf, type Environment } from '../flows/availability.ts';

/** How long, in ms, VS Code may take to say what it makes of a link. */
const PATIENCE = 3 * SECOND;

/** Where VS Code runs, and at which addresses the browser finds back to it. */
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
  async reach(address: string): Promise<string> {
    // In a browser VS Code would make an address of its own server of it, which nobody has registered.
    const isBrought =
      vscode.env.remoteName !== undefined && this.#isAtWorkspace() && vscode.env.uiKind === vscode.UIKind.Desktop;
    return isBrought ? (await vscode.env.asExternalUri(vscode.Uri.parse(address))).toString(true) : address;
  }

  /**
   * The link to the editor, as the browser follows it. In a program it is the plain one, because VS Code would add the
   * number of the window, and no server knows that; in a browser it is what VS Code makes of it.
   */
  async link(): Promise<string> {
    return vscode.env.uiKind === vscode.UIKind.Web ? (await this.#externalLink()).toString(true) : this.#plainLink();
  }

  /** The redirect URIs to register at a provider's server, for a sign-in method. */
  addressesOf(provider: Provider, way: SignInMethod | undefined = provider.signInMethod): string[] {
    return way === 'uri' ? [this.#plainLink()] : loopbackAddresses(provider);
  }

  /** Takes the links that arrive in this window. */
  receive(links: UriCallbackRouter): vscode.Disposable {
    // A program takes the link apart and undoes its encoding; a page hands the query on as the browser has it.
    const queryOf = ({ query }: vscode.Uri): string =>
      vscode.env.uiKind === vscode.UIKind.Web ? query : reencodeQuery(query);
    return vscode.window.registerUriHandler({
      handleUri: (uri) => (uri.path === LINK_PATH ? links.arrived(queryOf(uri)) : undefined),
    });
  }

  #isAtWorkspace(): boolean {
    return this.#extension.extensionKind === vscode.ExtensionKind.Workspace;
  }

  /** VS Code makes an address below that of its own page of a link to the editor; a port it would have to forward to tell. */
  async #pageHost(): Promise<string | undefined> {
    try {
      const unknown = new Promise<undefined>((resolve) => systemClock.after(PATIENCE, () => resolve(undefined)));
      const link = await Promise.race([this.#externalLink(), unknown]);
      if (link !== undefined) {
        return new URL(link.toString(true)).hostname;
      }
    } catch {
      // What has not worked once may work the next time.
    }
    this.#page = undefined;
    return undefined;
  }

  #plainLink(): string {
    return `${vscode.env.uriScheme}://${this.#extension.id}${LINK_PATH}`;
  }

  async #externalLink(): Promise<vscode.Uri> {
    return vscode.env.asExternalUri(vscode.Uri.parse(this.#plainLink()));
  }
}
