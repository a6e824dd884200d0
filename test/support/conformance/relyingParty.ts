// The product as a suite tests it: real sign-ins, sessions and refreshes, and a browser that follows redirects.
import assert from 'node:assert/strict';
import { MINUTE } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import type { Provider } from '../../../src/core/provider.ts';
import type { Category } from '../../../src/core/failurePolicies.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import type { EndSessionResult } from '../../../src/flows/endSession.ts';
import { providerAt } from '../fixtures.ts';
import { Person, type Arrival } from '../browserless.ts';
import { FakeFolder } from '../fakeStore.ts';
import { createTestWindow, seedSession, recordAt, type TestWindow } from '../testWindow.ts';
import { SignInFixture } from '../signInFixture.ts';
import { SignOutFixture } from '../signOutFixture.ts';
import { CLIENT_ID, CLIENT_SECRET } from './requests.ts';
import { SuiteServer } from './suiteServer.ts';

/** The scopes that a sign-in requests by default: those of an entry without any. */
const SCOPES: readonly string[] = ['openid', 'profile', 'email', 'offline_access'];

/** The result of a sign-in. */
export interface Ending {
  readonly session: SessionRecord | undefined;
  readonly failure: Failure | undefined;
  /** Where the browser is; undefined if it was never opened. */
  readonly page: Arrival | undefined;
}

/** The product, and the server that tests it. */
export class RelyingParty {
  /** The server. */
  readonly server: SuiteServer;
  /** The sessions. One of another user already exists. */
  readonly testWindow: TestWindow;
  /** The sign-ins. */
  readonly signInController: SignInFixture;
  /** The sign-outs at the server. */
  readonly signOutFixture: SignOutFixture;
  /** The settings entry. */
  readonly provider: Provider;
  #before: SessionRecord | undefined;

  private constructor(server: SuiteServer, provider: Provider, hasSecret: boolean) {
    this.server = server;
    this.provider = provider;
    this.testWindow = createTestWindow(server.issuer, {
      providers: [provider],
      clientSecret: hasSecret ? CLIENT_SECRET : undefined,
    });
    this.signInController = new SignInFixture(new FakeFolder(), this.testWindow);
    this.signOutFixture = new SignOutFixture(this.testWindow.clock);
    server.date = () => this.testWindow.clock.now();
  }

  /** Sets both up, with a session of another user that no failed sign-in may affect. */
  static async meet(more: Partial<Provider> = {}, hasSecret = false): Promise<RelyingParty> {
    const server = await SuiteServer.start();
    const party = new RelyingParty(
      server,
      providerAt(server.issuer, { clientId: CLIENT_ID, scopes: SCOPES, ...more }),
      hasSecret,
    );
    const { clock } = party.testWindow;
    party.#before = await seedSession(
      party.testWindow,
      recordAt(server.issuer, clock.now(), {
        id: 'before',
        account: { id: 'person-0', label: 'Robin' },
        subject: 'person-0',
        scopes: [...SCOPES],
        accessExpiresAt: clock.now() + 60 * MINUTE,
      }),
    );
    return party;
  }

  /** Signs in through the browser, and waits for the result. */
  async signIn(): Promise<Ending> {
    const { ended, page } = await this.begin();
    return { ...(await ended), page: await page };
  }

  /** Starts a sign-in; the browser follows all redirects. */
  async begin(): Promise<{
    readonly ended: Promise<Omit<Ending, 'page'>>;
    readonly page: Promise<Arrival | undefined>;
  }> {
    const { signInController, testWindow, provider } = this;
    const { signal } = new AbortController();
    const ended = signInController.signInService
      .signIn({ provider, scopes: provider.scopes, deadline: 5 * MINUTE, signal }, (grant) =>
        testWindow.sessionManager.addSession(grant),
      )
      .then(
        (session) => ({ session, failure: undefined }),
        (error: unknown) => {
          assert.ok(error instanceof Failure, String(error));
          return { session: undefined, failure: error };
        },
      );
    const address = await Promise.race([signInController.address(), ended]);
    const page = typeof address === 'string' ? new Person().signIn(address) : Promise.resolve(undefined);
    return { ended, page };
  }

  /** Signs in, which must succeed. Returns the session and the page. */
  async signInWell(): Promise<{ readonly session: SessionRecord; readonly page: Arrival }> {
    const { failure, page, session } = await this.signIn();
    assert.equal(failure, undefined);
    assert.ok(session !== undefined && page !== undefined);
    assert.match(page.html, /<h1>Signed in<\/h1>/);
    assert.deepEqual(await this.tokenOf(session), session.accessToken);
    return { session, page };
  }

  /**
   * Attempts to sign in, which must be rejected: there is no new session, the browser shows the failure, and no more
   * requests were sent to the server.
   */
  async signInRefused(category: Category, code?: string): Promise<Ending> {
    const ending = await this.signIn();
    const { failure, page } = ending;
    assert.deepEqual([failure?.category, code === undefined ? undefined : failure?.code], [category, code]);
    if (page !== undefined) {
      assert.match(page.html, /<h1>Not signed in<\/h1>/);
    }
    assert.deepEqual(
      this.testWindow.sessionManager.getAll().map(({ record }) => record.id),
      ['before'],
    );
    return ending;
  }

  /** Signs out, here and at the server; the browser follows all redirects. The caller awaits the result. */
  async signOut({ id }: SessionRecord): Promise<{
    readonly atServer: Promise<unknown>;
    readonly end: Promise<EndSessionResult>;
    readonly page: Arrival;
  }> {
    const { atServer, page } = await this.testWindow.sessionManager.signOut(id);
    const end = this.signOutFixture.signOuts.open(page);
    return { atServer, end, page: await new Person().signIn(await this.signOutFixture.address()) };
  }

  /** The token that a caller gets for the account of a session. */
  async tokenOf({ account }: SessionRecord): Promise<string | undefined> {
    const [found] = await this.testWindow.sessionManager.getUsableSessions(
      this.provider.id,
      this.provider.scopes,
      account.id,
    );
    return found?.record.accessToken;
  }

  /** The status of the userinfo endpoint's response to a token. */
  async userinfoWith(accessToken: string): Promise<number> {
    const response = await fetch(`${this.server.issuer}userinfo`, {
      headers: { Authorization: `Bearer ${accessToken}` },
    });
    return response.status;
  }

  /** The server's complaints about the product, and other problems that no module covers. */
  complaints(): string[] {
    const { signInController, testWindow } = this;
    const before = testWindow.liveSessions.get('before')?.record;
    const log = [...signInController.lines, ...testWindow.lines, ...this.signOutFixture.lines].join('\n');
    return [
      ...this.server.complaints,
      ...(before === this.#before ? [] : ['The existing session was changed.']),
      ...(/-of-the-conformance-suite|a secret|eyJ/.test(log) ? ['The log contains a secret.'] : []),
    ];
  }

  /** Ends both. */
  async part(): Promise<void> {
    this.signOutFixture.signOuts.dispose();
    await this.server.stop();
  }
}
