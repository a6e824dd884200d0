// The command `session-keeper` as in a terminal: real processes with the real script and launcher, and windows in this
// process with fake sessions.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DpopHeadersCommand } from '../../src/auth/dpopHeaders.ts';
import { HOUR, systemClock } from '../../src/core/clock.ts';
import type { SessionRecord } from '../../src/core/session.ts';
import { EXIT_CODES, WINDOW_VARIABLE, type TerminalFailure } from '../../src/core/terminal.ts';
import { PREFIX, SETTINGS } from '../../src/host/ids.ts';
import { Settings } from '../../src/host/settings.ts';
import { TerminalConsent } from '../../src/integrations/terminalConsent.ts';
import { TerminalRequests } from '../../src/integrations/terminalRequests.ts';
import { TokenSource } from '../../src/integrations/tokenSource.ts';
import { TerminalFolder } from '../../src/node/terminalFolder.ts';
import { installTerminalCommand } from '../../src/node/terminalLauncher.ts';
import { listenForTerminals, type TerminalListener } from '../../src/node/terminalServer.ts';
import type { SessionFilter } from '../../src/sessions/sessionManager.ts';
import { buildTerminalScript } from '../../tools/terminalScript.ts';
import { live, SAMPLE } from './coreSamples.ts';
import { fakeMemento } from './fakeContext.ts';
import { editor } from './fakeEditor.ts';

/** The result of a command. */
export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** How to run a command. */
export interface CommandOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** The sessions of a window, and what it did. */
export interface FakeSessions {
  records: SessionRecord[];
  /** Renews a session when its token is requested. */
  renew: (record: SessionRecord) => SessionRecord | Promise<SessionRecord>;
  signIn: () => Promise<SessionRecord>;
  readonly log: string[];
  /** The sessions that were used, once for each use. */
  readonly used: string[];
}

/** A window that answers. */
export interface TerminalWindow extends FakeSessions {
  readonly id: string;
  readonly consent: TerminalConsent;
  readonly listener: TerminalListener;
}

let script: string | undefined;

/** Returns the path of the built script. */
function builtScript(): string {
  if (script === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'sk-cli-'));
    script = join(folder, 'session-keeper.cjs');
    buildTerminalScript(script);
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  }
  return script;
}

/** Returns a session that was signed in just now, whose token is valid for an hour. */
function sampleSession(): SessionRecord {
  const now = Date.now();
  return { ...SAMPLE, signedInAt: now, tokensRequestedAt: now, accessExpiresAt: now + HOUR };
}

/** One folder with the command, and the windows that use it. */
export class TerminalFixture {
  readonly folder: TerminalFolder;
  /** The folder for `PATH`. */
  readonly bin: string;
  readonly #base: string;
  readonly #settings: Settings;
  readonly #windows: TerminalWindow[] = [];

  private constructor(base: string, folder: TerminalFolder, bin: string) {
    this.#base = base;
    this.folder = folder;
    this.bin = bin;
    this.#settings = new Settings(0);
  }

  /** Installs the command in a new folder, whose path has characters that shells interpret. */
  static async create(entry: Readonly<Record<string, unknown>> = {}): Promise<TerminalFixture> {
    editor.reset();
    editor.configure(`${PREFIX}.${SETTINGS.providers}`, [
      {
        id: SAMPLE.providerId,
        label: 'Acme',
        issuer: SAMPLE.issuer,
        clientId: SAMPLE.clientId,
        scopes: SAMPLE.scopes,
        ...entry,
      },
    ]);
    const base = await mkdtemp(join(tmpdir(), 'sk-terminal-'));
    const folder = new TerminalFolder(join(base, "Ada's $HOME & Co", 'terminal'));
    const bin = await installTerminalCommand(folder, builtScript(), { path: process.execPath, isElectron: false });
    if (bin === undefined) {
      throw new Error('The folder is not private.');
    }
    return new TerminalFixture(base, folder, bin);
  }

  /** Turns terminal access on, and opens a window that answers. */
  async openWindow(id = '0'.repeat(16)): Promise<TerminalWindow> {
    await this.folder.createKey();
    const sessions: FakeSessions = {
      records: [sampleSession()],
      renew: (record) => record,
      signIn: () => Promise.resolve(sampleSession()),
      log: [],
      used: [],
    };
    const consent = new TerminalConsent({
      clock: systemClock,
      workspaceState: fakeMemento(),
      nameOf: (providerId) => this.#settings.nameOf(providerId),
    });
    const requests = requestsOf(sessions, consent, this.#settings, id);
    const listener = await listenForTerminals(this.folder, id, (...request) => requests.handle(...request));
    if (listener === undefined) {
      throw new Error('There is no location for the socket.');
    }
    const window: TerminalWindow = Object.assign(sessions, { id, consent, listener });
    this.#windows.push(window);
    return window;
  }

  /** Runs the command, in a shell. */
  run(args: readonly string[], { env = {}, input = '', signal }: CommandOptions = {}): Promise<CommandResult> {
    return this.runProgram(join(this.bin, 'session-keeper'), args, { env, input, ...(signal && { signal }) });
  }

  /** Runs another program, with the command on `PATH`. */
  runProgram(
    program: string,
    args: readonly string[],
    { env = {}, input = '', signal }: CommandOptions = {},
  ): Promise<CommandResult> {
    const child = spawn(program, args, {
      env: {
        ...process.env,
        [WINDOW_VARIABLE]: '0'.repeat(16),
        PATH: `${process.env['PATH'] ?? ''}:${this.bin}`,
        ...env,
      },
      ...(signal && { signal, killSignal: 'SIGKILL' }),
    });
    let [out, error] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.once('error', (failure) => (failure.name === 'AbortError' ? undefined : reject(failure)));
      child.once('close', (code) => resolve({ code, out, error }));
    });
  }

  /** Closes everything. */
  async close(): Promise<void> {
    this.#windows.forEach(({ listener }) => listener.dispose());
    this.#settings.dispose();
    await rm(this.#base, { recursive: true, force: true });
  }
}

function requestsOf(
  sessions: FakeSessions,
  consent: TerminalConsent,
  settings: Settings,
  windowId: string,
): TerminalRequests {
  const log = (line: string): void => void sessions.log.push(line);
  const all = (): ReturnType<typeof live>[] => sessions.records.map((record) => live(record));
  const matching = (scopes: readonly string[]): SessionRecord[] =>
    sessions.records.filter((record) => scopes.every((scope) => record.scopes.includes(scope)));
  const dpopHeaders: DpopHeadersCommand = (token) =>
    Promise.resolve({ authorization: `DPoP ${String(token)}`, dpop: 'proof' });
  return new TerminalRequests({
    clock: systemClock,
    consent,
    dpopHeaders,
    settings,
    windowId,
    log: { trace: log, debug: log, info: log, warn: log, error: log },
    liveSessions: { patch: (id) => void sessions.used.push(id) },
    sessionManager: {
      ready: () => Promise.resolve(),
      getAll: () => all(),
      findMatching: (_id, scopes) => matching(scopes).map((record) => live(record)),
    },
    tokenSource: new TokenSource({
      clock: systemClock,
      settings,
      sessionManager: {
        getUsableSessions: async (_id: string, scopes: readonly string[], _account?: string, filter?: SessionFilter) =>
          (await Promise.all(matching(scopes).map(async (record) => sessions.renew(record))))
            .filter((record) => filter?.(record) ?? true)
            .map((record) => live(record)),
      },
    }),
    signIn: () => sessions.signIn(),
  });
}

/** Asserts that a command failed with a name, its exit code, and one line. */
export function assertFails(result: CommandResult, name: TerminalFailure, pattern = /./u): void {
  const { code, error, out } = result;
  assert.deepEqual([code, out], [EXIT_CODES[name], ''], error);
  const line = error.split('\n').filter((one) => one !== '' && !one.includes('Waiting for'));
  assert.equal(line.length, 1, error);
  assert.match(line[0] ?? '', /^session-keeper: .+ \([\w.-]+\)$/u);
  assert.match(line[0] ?? '', pattern);
}
