// What must always hold, checked at each event.
import { HOUR, MINUTE, SECOND } from '../../src/core/clock.ts';
import { isNewer, type SessionRecord } from '../../src/core/session.ts';
import type { LoadIssue } from '../../src/sessions/storedSessionIssues.ts';
import { isTombstone, parseSessionFile } from '../../src/storage/sessionFile.ts';
import type { SessionChange } from '../../src/storage/liveSessions.ts';
import { headerGeneration, isSignedOut, sealedCopy, storedCopy } from './storedCopies.ts';
import type { Figures } from './figures.ts';
import type { Keyring } from './keyring.ts';
import type { SharedFolder } from './machine.ts';
import { isHeld, describeRequest } from './network.ts';
import type { Process } from './process.ts';
import type { Answer, Grant, AuthorizationServer, TokenRequest } from './server.ts';
import type { EventLog } from './eventLog.ts';
import type { Time } from './time.ts';
import type { Window } from './window.ts';

/** An invariant that doesn't hold. */
export interface Violation {
  readonly rule:
    | 'reuse'
    | 'lost'
    | 'expired'
    | 'storm'
    | 'signed-out'
    | 'retry-after'
    | 'converge'
    | 'backwards'
    | 'empty'
    | 'after-end'
    | 'idle';
  readonly text: string;
}

/** The user's last activity, as the machine's uptime in ms. */
export interface Activity {
  last: number;
  /** The same in a window that ran long enough to share it. */
  lastShared: number;
  /** How often the clock had been set by then. */
  jumps: number;
  /** How often the folder had begun to fail by then. */
  folderFailures: number;
}

/** What the invariants are checked against. */
export interface InvariantsContext {
  readonly time: Time;
  readonly server: AuthorizationServer;
  readonly folder: SharedFolder;
  readonly keyring: Keyring;
  readonly figures: Figures;
  readonly eventLog: EventLog;
  /** The idle timeout in ms; undefined if there is none. */
  readonly idleTimeout: number | undefined;
  readonly activity: Activity;
  windows(): readonly Window[];
  /** Whether no fault is being injected. */
  isCalm(): boolean;
}

/** The time, in ms, in which a window must detect that the clock was set back: one tick and a renewal. */
const DETECTION_TIME = 65 * SECOND;
/** The longest time, in ms, that a request takes to reach the server. */
const DELIVERY_TIME = MINUTE;
/** How much later than the idle timeout a session may be returned, in ms; it may be signed out half of it earlier. */
const IDLE_TOLERANCE = 2 * MINUTE;
/** The time, in ms, after a sign-out in which a window that is reading the session may still list it. */
const READING_TIME = 30 * SECOND;

interface Wait {
  readonly until: number;
  readonly jumps: number;
  readonly folderFailures: number;
  readonly by: Process;
  isShared: boolean;
}

/** The invariants of one simulation. */
export class Invariants {
  violation: Violation | undefined;
  readonly #context: InvariantsContext;
  readonly #waits = new Map<Grant, Wait>();
  readonly #arrivals = new Map<Grant, number[]>();
  readonly #signedOutAt = new Map<string, number>();
  readonly #ended = new Set<Grant>();
  /** The sessions that are being signed out, by ID. */
  readonly leaving = new Set<string>();
  /** The sessions that some window has reported as lost. */
  readonly lost = new Set<string>();
  /** When something happened that may cause requests, in true time. */
  #expectedAt: number[] = [];

  constructor(context: InvariantsContext) {
    this.#context = context;
    const { folder, server } = context;
    folder.onDidWrite = (name, text, by) => this.#onWrite(name, text, by);
    server.onReuse = (request) => this.#onReuse(request);
  }

  /** Records that something happened that may cause a request for each session. */
  expectRequests(count = 1): void {
    const { now } = this.#context.time;
    this.#expectedAt = this.#expectedAt.filter((at) => at > now - HOUR);
    for (let one = 0; one < count; one += 1) {
      this.#expectedAt.push(now);
    }
  }

  fail(rule: Violation['rule'], text: string): void {
    if (this.violation === undefined) {
      this.violation = { rule, text };
      this.#context.eventLog.add(`BROKEN ${rule}: ${text}`);
    }
  }

  /** Called when a window is about to send a refresh token. */
  onSend(request: TokenRequest): void {
    const { time, folder, eventLog } = this.#context;
    eventLog.add(`${describeRequest(request)} is sent`);
    if (this.#senderOf(request)?.ended !== undefined) {
      this.fail('after-end', `${describeRequest(request)} is sent, and the window knows that the session has ended`);
    }
    const wait = this.#waits.get(request.grant);
    // A wall clock that was set may end the wait early, and a window that was killed or stopped may not have shared it.
    const isDue = wait !== undefined && time.now < wait.until && wait.jumps === time.jumps;
    const isKnown = wait?.isShared === true || wait?.by.runs === true || wait?.by === request.process;
    if (isDue && isKnown && folder.failing === false && folder.failures === wait.folderFailures) {
      this.fail(
        'retry-after',
        `${describeRequest(request)} is sent ${wait.until - time.now} ms too early; the server requested a wait from ${wait.by.name}`,
      );
    }
  }

  /** Called when a refresh token has reached the server. */
  onArrival(request: TokenRequest): void {
    const { figures, time } = this.#context;
    const { grant } = request;
    figures.requests += 1;
    const recent = [...(this.#arrivals.get(grant) ?? []), time.now].filter((at) => at > time.now - HOUR);
    this.#arrivals.set(grant, recent);
    // Twice what the lifetime requires, the retries of failures, each with its second request, and twice what users and
    // callers cause.
    const expected = this.#expectedAt.filter((at) => at > time.now - HOUR).length;
    const bound = 2 * (HOUR / Math.max(5 * SECOND, grant.shortest / 2) + 80 + expected) + 10;
    if (recent.length > bound) {
      this.fail(
        'storm',
        `${recent.length} requests in an hour for grant ${grant.number}, whose tokens have a lifetime of at least ${grant.shortest / SECOND} s`,
      );
    }
  }

  /** Called when a response has reached a running window. */
  onAnswer(request: TokenRequest, { status }: Answer, retryAfter: number | undefined): void {
    const { time, folder, figures, eventLog } = this.#context;
    eventLog.add(
      `${describeRequest(request)} gets ${status}${retryAfter === undefined ? '' : `, wait ${retryAfter / SECOND} s`}`,
    );
    if (status === 200 && request.brings !== undefined && request.state === 'delivered') {
      figures.renewals += 1;
    }
    if (retryAfter !== undefined) {
      const { jumps, now } = time;
      this.#waits.set(request.grant, {
        until: now + retryAfter,
        jumps,
        folderFailures: folder.failures,
        by: request.process,
        isShared: false,
      });
    }
  }

  /** Called when a session has changed in a window that is alive. */
  onChange(window: Window, { before, after }: SessionChange): void {
    const record = after?.record ?? before?.record;
    if (record === undefined) {
      return;
    }
    if (after === undefined) {
      this.#onRemoved(window, record);
    } else if (before === undefined) {
      this.#onAppeared(window, record);
    } else if (isNewer(before.record, record)) {
      this.fail(
        'backwards',
        `${record.id} in ${window.name}: from generation ${before.record.generation} to ${record.generation}`,
      );
    }
    if (after?.record.ended !== undefined && before?.record.ended === undefined) {
      this.#onEnded(window, record);
    }
  }

  /** Called when a window reports load issues. */
  onDidFindIssues(window: Window, findings: readonly LoadIssue[]): void {
    for (const { id, kind } of findings) {
      this.#context.eventLog.add(`${window.name} finds ${id} ${kind}`);
      if (kind === 'lost') {
        this.lost.add(id);
      }
    }
  }

  /**
   * Called when a caller receives a token, which must be valid, with one exception: if the clock was set back since the
   * token was requested, the token looks newer than it is. A window detects that at its next tick, so the exception
   * holds for 65 s. It holds longer if no window could detect it, because within these 65 s none kept running, the
   * machine slept, the clock was set again or a fault prevented the renewal. A window that was stopped, or opened
   * later, has 65 s from when it runs.
   */
  onTokenReturned(window: Window, record: SessionRecord): void {
    const { server, time } = this.#context;
    const token = server.read(record.accessToken);
    const issued = token?.grant.issued[token.number];
    this.#context.figures.served += 1;
    const { activity, folder, idleTimeout = Infinity } = this.#context;
    const idle = time.uptime - activity.last - idleTimeout;
    // A window that starts while the folder fails doesn't know the last activity.
    if (idle > IDLE_TOLERANCE && folder.failing === false && folder.failures === activity.folderFailures) {
      this.fail(
        'idle',
        `${window.name} returns ${record.accessToken}, ${idle} ms after it was to be signed out for inactivity`,
      );
    }
    if (issued === undefined || time.now <= issued.expiresAt) {
      return;
    }
    const { runsSince } = window.process;
    const isExcused = time.setBacks.some(
      ({ at, trueAt, isNoticed }) =>
        trueAt >= issued.at - DELIVERY_TIME &&
        (!isNoticed || (runsSince > at && time.awake - runsSince < DETECTION_TIME)),
    );
    if (!isExcused) {
      this.fail(
        'expired',
        `${window.name} returns ${record.accessToken}, which expired ${time.now - issued.expiresAt} ms ago`,
      );
    }
  }

  /** Called when the wall clock was set. If it was set back, checks whether a window can detect that. */
  onClockSet(): void {
    const context = this.#context;
    const { time } = context;
    const clockSetBackMs = time.setBacks.at(-1);
    const { jumps, now } = time;
    if (clockSetBackMs?.trueAt !== now || !context.isCalm()) {
      return;
    }
    const there = context.windows().filter(({ process }) => process.runs);
    time.afterAwake(DETECTION_TIME, () => {
      const isAwakeThroughout = time.now - now < DETECTION_TIME + SECOND;
      const stays = ({ process }: Window): boolean => process.runs && process.runsSince <= clockSetBackMs.at;
      clockSetBackMs.isNoticed = isAwakeThroughout && time.jumps === jumps && context.isCalm() && there.some(stays);
    });
  }

  #onWrite(name: string, text: string, by: Process): void {
    const id = name.split('.')[0] ?? '';
    if (isTombstone(parseSessionFile(text)) && !this.#signedOutAt.has(id)) {
      this.#signedOutAt.set(id, this.#context.time.awake);
    }
    if (name.endsWith('.session') && text.includes('"waitUntil"')) {
      for (const wait of this.#waits.values()) {
        wait.isShared ||= wait.by === by;
      }
    }
  }

  #onRemoved(window: Window, { id, ended }: SessionRecord): void {
    const { activity, folder, idleTimeout = Infinity, time } = this.#context;
    // A clock that was set may make the idle time look longer, and activity that couldn't be written isn't known.
    const isUnsure =
      activity.jumps !== time.jumps || activity.folderFailures !== folder.failures || folder.failing !== false;
    if (
      idleTimeout !== Infinity &&
      (isUnsure || time.uptime - activity.lastShared >= idleTimeout - IDLE_TOLERANCE / 2)
    ) {
      this.leaving.add(id);
    }
    if (!isSignedOut(this.#context.folder, id) && !this.leaving.has(id) && ended === undefined) {
      this.fail('lost', `${id} disappears in ${window.name} without a sign-out`);
    }
  }

  #onAppeared(window: Window, { id }: SessionRecord): void {
    const { awake } = this.#context.time;
    const since = this.#signedOutAt.get(id);
    if (since !== undefined && Math.min(awake - since, awake - window.process.runsSince) > READING_TIME) {
      this.fail('signed-out', `${id} reappears in ${window.name}, ${awake - since} ms after it was signed out`);
    }
  }

  #onEnded(window: Window, { id, refreshToken, ended }: SessionRecord): void {
    const { figures, server, eventLog } = this.#context;
    const grant = server.read(refreshToken ?? '')?.grant;
    eventLog.add(`${id} has ended in ${window.name} (${ended?.code ?? ''}), at the server: ${grant?.end ?? 'no'}`);
    if (grant?.end === undefined) {
      figures.unexpected += 1;
      this.fail('lost', `${id} ends in ${window.name} (${ended?.code ?? ''}), but its grant is valid`);
    } else if (!this.#ended.has(grant)) {
      this.#ended.add(grant);
      figures.count(grant.end === 'reused' ? `over: ${describeLoss(grant)}` : `over: ${grant.end}`);
    }
  }

  /**
   * Called when a refresh token is sent although a newer one was issued. That is correct if no window has the newer
   * one, because the response was lost, or the window that received it was killed before storing it. It's harmless if
   * the window aborted the request long ago and the network delivers it late, or if the grant has already ended.
   */
  #onReuse(request: TokenRequest): void {
    const { figures, eventLog } = this.#context;
    const isHarmless = request.state === 'aborted' || request.grant.end !== undefined;
    const owner = isHarmless ? undefined : this.#ownerOfNewer(request);
    eventLog.add(`${describeRequest(request)} reuses a token; the newest is ${request.grant.newest}`);
    if (owner !== undefined) {
      figures.unexpected += 1;
      this.fail('reuse', `${describeRequest(request)} is sent again, and ${owner}`);
    }
  }

  /** Returns the record whose refresh token a window has sent. */
  #senderOf({ process, grant, presents }: TokenRequest): SessionRecord | undefined {
    const token = `r-${grant.number}-${presents}`;
    const window = this.#context.windows().find((one) => one.process === process);
    return window?.sessions.liveSessions.all().find(({ record }) => record.refreshToken === token)?.record;
  }

  #ownerOfNewer(request: TokenRequest): string | undefined {
    const { process, grant, presents } = request;
    const { folder, keyring } = this.#context;
    const holder = grant.requests.find(
      (other) => other.brings !== undefined && other.brings > presents && isHeld(other),
    );
    if (holder !== undefined) {
      return `${holder.process.name} has the newer one (${holder.state})`;
    }
    const mine = this.#senderOf(request);
    if (mine === undefined) {
      return undefined;
    }
    if (folder.failing !== true && headerGeneration(folder, mine.id) > mine.generation) {
      return `the session's file is newer than generation ${mine.generation}`;
    }
    if (keyring.fault !== undefined) {
      return undefined;
    }
    const copies = [
      folder.failing === true ? undefined : sealedCopy(folder, keyring, process, mine.id),
      storedCopy(keyring, process, mine.id),
    ];
    return copies.some((copy) => copy !== undefined && isNewer(copy, mine))
      ? 'a newer one is stored and readable'
      : undefined;
  }
}

function describeLoss({ rotation, late }: Grant): string {
  const when = late < 5 * SECOND ? 'less than 5 s late' : 'later';
  return rotation === 'grace'
    ? `lost response, sent again after the grace period, ${when}`
    : `lost response (${rotation})`;
}
