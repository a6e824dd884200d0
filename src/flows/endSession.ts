// Signing out at the server in the browser, and returning from there: OpenID Connect RP-Initiated Logout 1.0. The session
// has already been removed locally, so no failure here matters.
import { SECOND, type Clock, type Disposable } from '../core/clock.ts';
import { toFailure } from '../core/failure.ts';
import { formatTimestamp, formatFailure, type Log } from '../core/log.ts';
import { SIGN_OUT_RETURN, type Provider } from '../core/provider.ts';
import { redirectTarget } from '../core/redirectUri.ts';
import { isResponseTo } from '../protocol/authorize.ts';
import { createLogoutRequest, type EndSessionContext, type LogoutRequest } from '../protocol/logout.ts';
import { raceAbort } from './abort.ts';
import { LoopbackReceiver } from './loopbackReceiver.ts';
import type { SignOutPages } from './page.ts';
import { canUseLoopback } from './signInFlows.ts';
import type { Environment } from './availability.ts';

/** How long, in ms, to wait for VS Code's information about the environment before the page is opened without a redirect. */
const ENVIRONMENT_TIMEOUT = 5 * SECOND;
/** How long, in ms, a page also covers the account's other sessions: VS Code signs out all sessions of an account at once. */
const SAME_PAGE_PERIOD = 10 * SECOND;

/** The dependencies of a sign-out at the server. */
export interface SignOutDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** The environment that VS Code runs in. */
  environment(): Promise<Environment>;
  /** Opens a URL in the user's browser, exactly as passed. */
  openBrowser(address: string): Promise<void>;
  /** The final pages, in the user's language. */
  pages(provider: Provider): Promise<SignOutPages>;
  /** The URL at which the user's browser reaches a loopback URL of this machine. */
  toExternalUrl(address: string): Promise<string>;
  /** Releases the ports on which a finished sign-in still serves its final page. Returns whether there were any. */
  releasePorts?(ports: readonly number[]): boolean;
  /** How long, in ms, to wait for the browser to return. */
  deadline(): number;
}

/**
 * The result: the server has no page for it; the page that was just opened for the same account covers this session, too;
 * the page was opened, and the browser doesn't return; the browser returned with the right `state`; or it didn't return
 * in time.
 */
export type EndSessionResult = 'no-page' | 'same-page' | 'opened' | 'returned' | 'not-returned';

/** A browser whose return is awaited. */
interface Wait {
  readonly redirect: LoopbackReceiver;
  readonly over: AbortController;
}

/** Sign-outs at servers, any number at the same time. */
export class EndSessionService implements Disposable {
  readonly #dependencies: SignOutDependencies;
  readonly #waits = new Set<Wait>();
  /** When the page of each account was last opened. */
  readonly #opened = new Map<string, number>();
  #isOver = false;

  constructor(dependencies: SignOutDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Opens the server's sign-out page, if it has one. If the entry requires it and the browser can return to this machine,
   * waits until it does. Never rejects.
   */
  async open(page: Promise<EndSessionContext | undefined>): Promise<EndSessionResult> {
    try {
      const context = await page;
      return context === undefined ? 'no-page' : await this.#open(context);
    } catch (error) {
      this.#dependencies.log.warn(`Couldn't open the server's sign-out page: ${formatFailure(toFailure(error))}.`);
      return 'no-page';
    }
  }

  /**
   * Releases ports for a sign-in that needs one of them. The sign-out loses only its final page.
   * @returns whether there were any.
   */
  releasePorts(ports: readonly number[]): boolean {
    const blocking = [...this.#waits].filter(({ redirect }) => ports.includes(redirect.port));
    blocking.forEach(stop);
    return blocking.length > 0;
  }

  /** Closes every port and opens no more. */
  dispose(): void {
    this.#isOver = true;
    this.#waits.forEach(stop);
  }

  async #open(context: EndSessionContext): Promise<EndSessionResult> {
    const { clock, log } = this.#dependencies;
    const { provider } = context.server;
    const account = JSON.stringify([provider.issuer, provider.clientId, context.accountId]);
    const openedAt = this.#opened.get(account);
    // A page that was opened before this session started doesn't end it.
    if (
      openedAt !== undefined &&
      context.signedInAt < openedAt &&
      Math.abs(clock.now() - openedAt) < SAME_PAGE_PERIOD
    ) {
      log.info(`Sign-out at ${provider.id}: covered by the page that was just opened for the same account.`);
      return 'same-page';
    }
    this.#opened.set(account, clock.now());
    try {
      return await this.#openFor(context);
    } catch (error) {
      // A page that didn't open ends no session.
      this.#opened.delete(account);
      throw error;
    }
  }

  async #openFor(context: EndSessionContext): Promise<EndSessionResult> {
    const { log } = this.#dependencies;
    const { provider } = context.server;
    const pages = provider.signOutAtServer === SIGN_OUT_RETURN ? await this.#dependencies.pages(provider) : undefined;
    const redirect = pages === undefined ? undefined : await this.#redirect(provider, pages);
    const request = this.#isOver ? undefined : createLogoutRequest(context, redirect?.redirectUri);
    if (request === undefined) {
      redirect?.dispose();
      return 'no-page';
    }
    if (redirect !== undefined && pages !== undefined) {
      return this.#waitFor(redirect, request, pages, provider);
    }
    await this.#dependencies.openBrowser(request.url.href);
    log.info(`Sign-out at ${provider.id}: opened the server's page in the browser, without a return.`);
    return 'opened';
  }

  /** The receiver of the browser's return; undefined if it doesn't return. */
  async #redirect(provider: Provider, pages: SignOutPages): Promise<LoopbackReceiver | undefined> {
    const { clock, log } = this.#dependencies;
    const limit = new AbortController();
    const timer = clock.after(ENVIRONMENT_TIMEOUT, () => limit.abort());
    try {
      if (!canUseLoopback(await this.#dependencies.environment(), provider)) {
        log.info(`Sign-out at ${provider.id}: the browser can't return to this machine in this environment.`);
        return undefined;
      }
      const toExternalUrl = (address: string): Promise<string> =>
        raceAbort(this.#dependencies.toExternalUrl(address), limit.signal);
      const target = redirectTarget(provider);
      const open = (): Promise<LoopbackReceiver> => LoopbackReceiver.open(clock, pages, { ...target, toExternalUrl });
      return await open().catch((error: unknown) => {
        if (this.#dependencies.releasePorts?.(target.ports) !== true) {
          throw error;
        }
        return open();
      });
    } catch (error) {
      log.warn(`Sign-out at ${provider.id}: the browser can't return: ${formatFailure(toFailure(error))}.`);
      return undefined;
    } finally {
      timer.dispose();
    }
  }

  async #waitFor(
    redirect: LoopbackReceiver,
    request: LogoutRequest,
    pages: SignOutPages,
    { id }: Provider,
  ): Promise<EndSessionResult> {
    const { clock, log } = this.#dependencies;
    const wait: Wait = { redirect, over: new AbortController() };
    const { signal } = wait.over;
    this.#waits.add(wait);
    void redirect.closed.then(() => this.#waits.delete(wait));
    const deadline = this.#dependencies.deadline();
    const timer = clock.after(deadline, () => stop(wait));
    let isLogged = false;
    const isAnswer = (parameters: URLSearchParams): boolean => {
      const isExpected = isResponseTo(request, parameters);
      // Any page can make the browser request this URL, as often as it likes.
      if (!isExpected && !isLogged) {
        isLogged = true;
        log.warn(
          `Sign-out at ${id}: rejected a callback ${parameters.has('state') ? 'with another state' : 'without a state'}.`,
        );
      }
      return isExpected;
    };
    const answer = redirect.waitForCallback(isAnswer, signal);
    answer.catch(() => {});
    try {
      await raceAbort(this.#dependencies.openBrowser(request.url.href), signal);
      log.info(
        `Sign-out at ${id}: opened the server's page in the browser; waiting for its return to ${redirect.redirectUri}, until ${formatTimestamp(clock.now() + deadline)}.`,
      );
      await answer;
      redirect.respond(pages.done);
      log.info(`Sign-out at ${id}: the browser has returned.`);
      return 'returned';
    } catch (error) {
      const isStopped = signal.aborted;
      stop(wait);
      if (!isStopped) {
        throw error;
      }
      log.info(
        `Sign-out at ${id}: the browser hasn't returned. If the server showed an error, ${redirect.redirectUri} isn't registered there as a post-logout redirect URI.`,
      );
      return 'not-returned';
    } finally {
      timer.dispose();
    }
  }
}

function stop({ over, redirect }: Wait): void {
  over.abort();
  redirect.dispose();
}
