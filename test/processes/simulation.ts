// Windows that share a machine, a secret store and an account at a real identity server.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Provider } from '../../src/core/provider.ts';
import { createAuthorizationRequest } from '../../src/protocol/authorize.ts';
import { exchangeCode } from '../../src/protocol/exchange.ts';
import { resolveAccount, type SignInGrant } from '../../src/protocol/identity.ts';
import { discovered, providerAt, REDIRECT_URI, transportWith } from '../support/fixtures.ts';
import { Person } from '../support/browserless.ts';
import { hashOf, type JournalEntry } from '../../tools/identityJournal.ts';
import { leaks, type LogText } from '../../tools/leaks.ts';
import { demoClientId, type IdentityServer } from '../../tools/identityServer.ts';
import { note, type Figure } from './figures.ts';
import { WindowProcess } from './windowProcess.ts';
import { remainsOfSessions } from '../support/simulation/invariants.ts';
import { Random } from '../support/simulation/random.ts';
import { SharedSecrets, UNRELIABLE_EVENT_COUNTS, type StoreModel } from '../support/simulation/sharedSecrets.ts';
import type { Outcome } from './wire.ts';

const SCOPES = ['openid', 'profile', 'email', 'offline_access'];

const simulations = new Set<Simulation>();
// Each test ends its own simulation, unless it's interrupted.
after(() => Promise.all([...simulations].map((simulation) => simulation.end())));

/** The logs of all windows, at every level, by the server of their session. */
const logsOf = new Map<IdentityServer, LogText[]>();
after('keeps every secret', () => {
  for (const [{ journal }, logs] of logsOf) {
    assert.deepEqual(leaks(journal, logs), []);
  }
});

/**
 * Runs a test in a simulation of its own, with windows that share a session, signed in in the first one. Kills the windows
 * afterwards, and prints their logs if the test fails.
 * @param folder the shared folder; by default, a new one.
 */
export async function withSimulation(
  model: StoreModel,
  identity: IdentityServer,
  count: number,
  test: (simulation: Simulation, windows: readonly [WindowProcess, ...WindowProcess[]]) => Promise<void>,
  folder?: string,
): Promise<void> {
  const simulation = await Simulation.create(model, identity);
  try {
    const first = await simulation.open(folder);
    await simulation.signIn(first);
    const others = await Promise.all(Array.from({ length: count - 1 }, () => simulation.open(folder)));
    // A window that opens right after the sign-in finds the session only once SecretStorage has caught up.
    await Promise.all(others.map((window) => window.until('the session', () => window.seen.generation > 0)));
    await test(simulation, [first, ...others]);
  } catch (error) {
    simulation.print();
    throw error;
  } finally {
    await simulation.end();
  }
}

/** One machine, with one session at one server. */
export class Simulation {
  readonly model: StoreModel;
  readonly identity: IdentityServer;
  readonly provider: Provider;
  readonly #home: string;
  readonly #secrets: SharedSecrets;
  readonly #windows: WindowProcess[] = [];
  #grant: SignInGrant | undefined;
  #grantId = '';

  private constructor(model: StoreModel, identity: IdentityServer, home: string) {
    this.model = model;
    this.identity = identity;
    this.#home = home;
    this.#secrets = new SharedSecrets(model, {
      random: new Random(20_300_101),
      now: () => performance.now(),
      after: (delay, run) => setTimeout(run, delay).unref(),
      eventCounts: UNRELIABLE_EVENT_COUNTS,
    });
    this.provider = providerAt(identity.issuer, { clientId: demoClientId, scopes: SCOPES });
  }

  /** Returns a simulation without windows. */
  static async create(model: StoreModel, identity: IdentityServer): Promise<Simulation> {
    const simulation = new Simulation(model, identity, await mkdtemp(join(tmpdir(), 'sk-')));
    simulations.add(simulation);
    logsOf.set(identity, logsOf.get(identity) ?? []);
    return simulation;
  }

  /** The shared folder. */
  get folder(): string {
    return join(this.#home, 'shared');
  }

  /** Opens a window. */
  async open(folder = this.folder): Promise<WindowProcess> {
    const number = this.#windows.length + 1;
    const name = `${this.model} ${number}`;
    // A different one for each window, which the product draws at random.
    const place = (number * 0.381_966) % 1;
    const options = { name, folder, provider: this.provider, place };
    const window = new WindowProcess(options, this.#secrets.open(), this.#home);
    this.#windows.push(window);
    await window.ready();
    return window;
  }

  /** Signs in as a user does, and adds the session to a window. */
  async signIn(window: WindowProcess): Promise<void> {
    const transport = transportWith();
    const { signal } = new AbortController();
    const server = await discovered(this.identity.issuer, this.provider, transport);
    const request = await createAuthorizationRequest(server, REDIRECT_URI, SCOPES);
    const answer = await new Person().authorize(request.url.href);
    const tokens = await exchangeCode(server, request, answer.searchParams, transport, signal);
    this.#grant = {
      provider: this.provider,
      scopes: SCOPES,
      tokens,
      account: await resolveAccount(server, tokens, transport, signal),
    };
    this.#grantId = (await this.identity.provider.RefreshToken.find(this.firstToken))?.grantId ?? '';
    assert.notEqual(this.#grantId, '', "The server doesn't know the session.");
    assertDone(await window.do({ kind: 'addSession', grant: this.#grant }));
  }

  /** The refresh token of the sign-in. */
  get firstToken(): string {
    return this.#grant?.tokens.refreshToken ?? '';
  }

  /** The requests that have sent a refresh token of this session, oldest first. */
  requests(): JournalEntry[] {
    const own = new Set([hashOf(this.firstToken)]);
    return this.identity.journal.refreshRequests().filter(({ refreshTokenHash = '', newRefreshTokenHash }) => {
      const isOwn = own.has(refreshTokenHash);
      if (isOwn && newRefreshTokenHash !== undefined) {
        own.add(newRefreshTokenHash);
      }
      return isOwn;
    });
  }

  /** Returns the result of each of those requests: a status, an error code, or `dropped`. */
  async ends(): Promise<(number | string)[]> {
    const ended = this.requests().map((request) => this.identity.journal.waitForRequest((one) => one === request));
    return (await Promise.all(ended)).map(({ status, error }) => error ?? status ?? 'none');
  }

  /** Whether the server has ended the session. */
  get isRevoked(): boolean {
    return this.identity.grantsRevoked.includes(this.#grantId);
  }

  /** Returns the secrets and shared files that contain parts of a session. */
  async remains(): Promise<string[]> {
    const names = await readdir(this.folder);
    const files = names.map(async (name) => [name, await readFile(join(this.folder, name), 'utf8')] as const);
    return remainsOfSessions(this.#secrets.secrets.keys(), await Promise.all(files));
  }

  /**
   * Asserts that every window has the newest tokens that the server issued, and that they work.
   * @param ends the expected result of each request; each 200 is a renewal.
   */
  async assertConsistent(windows: readonly WindowProcess[], ends: readonly (number | string)[]): Promise<void> {
    assert.deepEqual(await this.ends(), ends, "The requests aren't as expected.");
    const sent = this.requests();
    const renewals = ends.filter((end) => end === 200).length;
    assert.equal(
      new Set(sent.map(({ refreshTokenHash }) => refreshTokenHash)).size,
      renewals,
      "The refresh tokens that were sent aren't each the newest.",
    );
    assert.equal(this.isRevoked, false, 'The server has ended the session.');
    const newest = sent.at(-1)?.newRefreshTokenHash ?? hashOf(this.firstToken);
    for (const window of windows) {
      await window.until(
        `generation ${renewals + 1}`,
        () => window.seen.generation > renewals && window.seen.isComplete,
      );
      assert.deepEqual(
        [window.seen.generation, window.seen.endedBy],
        [renewals + 1, undefined],
        `Window ${window.name} has another session.`,
      );
      assert.equal(
        hashOf(window.seen.refreshToken),
        newest,
        `Window ${window.name} doesn't have the newest refresh token.`,
      );
    }
    const tokens = new Set(windows.flatMap(({ seen }) => [seen.accessToken, seen.refreshToken]));
    assert.equal(tokens.size, 2, 'The windows have different tokens.');
    for (const token of tokens) {
      assert.equal(await this.identity.tokenIsActive(token), true, "The newest tokens don't work.");
    }
  }

  /** Closes windows, opens another one, and asserts that it has the session without a request and can renew it. */
  async assertReopens(windows: readonly WindowProcess[], ends: readonly (number | string)[]): Promise<void> {
    await Promise.all(windows.map((window) => window.close()));
    const again = await this.open();
    const { found = [], seen } = assertDone(await again.do({ kind: 'find' }));
    assert.deepEqual([found.length, found[0]], [1, seen.accessToken], 'The session is missing.');
    await this.assertConsistent([again], ends);
    assertDone(await again.do({ kind: 'renew' }));
    await this.assertConsistent([again], [...ends, 200]);
    await again.close();
  }

  /**
   * Asserts that the session has ended because a refresh response was lost, and that every window knows it.
   * @param outcomes the outcomes of the windows' renewals.
   * @param ends the expected result of each request, all of them with the same token.
   */
  async assertLost(
    windows: readonly WindowProcess[],
    outcomes: readonly Outcome[],
    ends: readonly (number | string)[],
  ): Promise<void> {
    assert.deepEqual(
      outcomes.map(({ failure }) => failure),
      windows.map(() => ({ category: 'refresh-response-lost', code: 'refresh-response-lost' })),
    );
    assert.deepEqual(await this.ends(), ends, "The requests aren't as expected.");
    assert.equal(
      new Set(this.requests().map(({ refreshTokenHash }) => refreshTokenHash)).size,
      1,
      'Another token was sent.',
    );
    assert.equal(this.isRevoked, true, "The server hasn't ended the session.");
    for (const window of windows) {
      await window.until('the verdict', () => window.seen.endedBy === 'refresh-response-lost');
    }
    await Promise.all(windows.map((window) => window.close()));
    const again = await this.open();
    assert.equal((await again.do({ kind: 'find' })).seen.endedBy, 'refresh-response-lost');
    assert.deepEqual(await this.ends(), ends);
  }

  /** Records the figures of a case for the table. */
  note(what: string, renewals: number, more: Partial<Figure> = {}): void {
    note({
      what,
      model: this.model,
      windows: this.#windows.length,
      renewals,
      requests: this.requests().length,
      ...more,
    });
  }

  /** Prints the logs of all windows. */
  print(): void {
    for (const { name, lines } of this.#windows) {
      console.log(`--- window ${name}\n${lines.join('\n')}`);
    }
  }

  /** Kills all windows and deletes their files. */
  async end(): Promise<void> {
    simulations.delete(this);
    await Promise.all(this.#windows.map((window) => window.kill()));
    logsOf
      .get(this.identity)
      ?.push(...this.#windows.map(({ name, lines }) => ({ name: `window ${name}`, text: lines.join('\n') })));
    await rm(this.#home, { recursive: true, force: true });
  }
}

/** Asserts that a command succeeded. */
export function assertDone(outcome: Outcome): Outcome {
  assert.deepEqual(outcome.failure, undefined, 'A command has failed.');
  return outcome;
}
