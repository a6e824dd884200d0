// Signing out at the server, in the browser, and the return from there: OpenID Connect RP-Initiated Logout 1.0. The
// session is over here before any of it begins, so that no failure in here matters.
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

/** How long, in ms, VS Code may take to describe the environment before the page is opened without a redirect back. */
const ENVIRONMENT_TIMEOUT = 5 * SECOND;
/** How long, in ms, one page covers the account's other sessions: VS Code signs an account out of all of them at once. */
const SAME_PAGE_PERIOD = 10 * SECOND;

/** What a sign-out at the server needs from around it. */
export interface SignOutDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** Where VS Code runs. */
  environment(): Promise<Environment>;
  /** Opens an address in the person's browser; the address must arrive to the letter. */
  openBrowser(address: string): Promise<void>;
  /** The pages on which the browser ends, in the person's language. */
  pages(provider: Provider): Promise<SignOutPages>;
  /** The address at which the person's browser reaches a loopback address of this machine. */
  toExternalUrl(address: string): Promise<string>;
  /** Releases the ports on which a finished sign-in still shows its last page; returns whether there were any. */
  releasePorts?(ports: readonly number[]): boolean;
  /** How long, in ms, the browser may take to come back. */
  deadline(): number;
}

/**
 * How it ended: the server has no page for it; the page that was just opened for the same account stands for this
 * session, too; the page was opened, and the browser does not come back; it has come back, with the right `state`; it
 * was waited for, in vain.
 */
export type EndSessionResult = 'no-page' | 'same-page' | 'opened' | 'returned' | 'not-returned';

/** A browser that is waited for. */
interface Wait {
  readonly redirect: LoopbackReceiver;
  readonly over: AbortController;
}

/** Sign-outs at servers, any number at once. */
export class EndSessionService implements Disposable {
  readonly #dependencies: SignOutDependencies;
  readonly #waits = new Set<Wait>();
  /** When the page of an account was opened last. */
  readonly #opened = new Map<string, number>();
  #isOver = false;

  constructor(dependencies: SignOutDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Opens the page at which the person signs out of a server, where there is one; and where the entry wants it and the
   * browser finds back to this machine, waits until it does. Never rejects.
   */
  async open(page: Promise<EndSessionContext | undefined>): Promise<EndSessionResult> {
    try {
      const context = await page;
      return context === undefined ? 'no-page' : await this.#open(context);
    } catch (error) {
      this.#dependencies.log.warn(
        `The page to sign out at the server could not be opened: ${formatFailure(toFailure(error))}.`,
      );
      return 'no-page';
    }
  }

  /**
   * Releases ports for a sign-in that needs one of them. All that a sign-out loses by it is its last page.
   * @returns whether there were any.
   */
  releasePorts(ports: readonly number[]): boolean {
    const blocking = [...this.#waits].filter(({ redirect }) => ports.includes(redirect.port));
    blocking.forEach(stop);
    return blocking.length > 0;
  }

  /** Closes every port at once, and opens none any more. */
  dispose(): void {
    this.#isOver = true;
    this.#waits.forEach(stop);
  }

  async #open(context: EndSessionContext): Promise<EndSessionResult> {
    const { clock, log } = this.#dependencies;
    const { provider } = context.server;
    const account = JSON.stringify([provider.issuer, provider.clientId, context.accountId]);
    const openedAt = this.#opened.get(account);
    // A page that was opened before this session began doesn't end it.
    if (
      openedAt !== undefined &&
      context.signedInAt < openedAt &&
      Math.abs(clock.now() - openedAt) < SAME_PAGE_PERIOD
    ) {
      log.info(`Sign-out at ${provider.id}: the page that has just been opened is this account's, too.`);
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
    log.info(`Sign-out at ${provider.id}: the browser was opened at the server's page; it does not come back.`);
    return 'opened';
  }

  /** Where the browser comes back to; undefined where it does not. */
  async #redirect(provider: Provider, pages: SignOutPages): Promise<LoopbackReceiver | undefined> {
    const { clock, log } = this.#dependencies;
    const limit = new AbortController();
    const timer = clock.after(ENVIRONMENT_TIMEOUT, () => limit.abort());
    try {
      if (!canUseLoopback(await this.#dependencies.environment(), provider)) {
        log.info(`Sign-out at ${provider.id}: where VS Code runs, the browser does not find back.`);
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
      log.warn(`Sign-out at ${provider.id}: the browser cannot come back: ${formatFailure(toFailure(error))}.`);
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
      // Any page can make the browser fetch this address, as often as it likes.
      if (!isExpected && !isLogged) {
        isLogged = true;
        log.warn(
          `Sign-out at ${id}: an answer ${parameters.has('state') ? 'with another state' : 'without a state'} has arrived and was refused.`,
        );
      }
      return isExpected;
    };
    const answer = redirect.waitForCallback(isAnswer, signal);
    answer.catch(() => {});
    try {
      await raceAbort(this.#dependencies.openBrowser(request.url.href), signal);
      log.info(
        `Sign-out at ${id}: the browser was opened at the server's page, and is waited for at ${redirect.redirectUri}, until ${formatTimestamp(clock.now() + deadline)}.`,
      );
      await answer;
      redirect.respond(pages.done);
      log.info(`Sign-out at ${id}: the browser has come back.`);
      return 'returned';
    } catch (error) {
      const isStopped = signal.aborted;
      stop(wait);
      if (!isStopped) {
        throw error;
      }
      log.info(
        `Sign-out at ${id}: the browser has not come back. If the server showed an error, ${redirect.redirectUri} is not registered there as a post-logout redirect address.`,
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
