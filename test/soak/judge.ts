// What must never happen, looked at whenever something happens.
import { HOUR, MINUTE, SECOND } from '../../src/core/clock.ts';
import { isNewer, type SessionRecord } from '../../src/core/session.ts';
import type { LoadIssue } from '../../src/sessions/sessionLoader.ts';
import { isTombstone, parseSessionFile } from '../../src/storage/sessionFile.ts';
import type { SessionChange } from '../../src/storage/liveSessions.ts';
import { headerGeneration, isSignedOut, sealedCopy, storedCopy } from './copies.ts';
import type { Figures } from './figures.ts';
import type { Keyring } from './keyring.ts';
import type { SharedFolder } from './machine.ts';
import { isHeld, nameOfTrip } from './network.ts';
import type { Process } from './process.ts';
import type { Answer, SignInGrant, ServerContext, Trip } from './server.ts';
import type { Story } from './story.ts';
import type { Time } from './time.ts';
import type { Window } from './window.ts';

/** An invariant that does not hold. */
export interface Breach {
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

/** When somebody was last active, by the machine's uptime in ms. */
export interface Activity {
  last: number;
  /** The same in a window that lived long enough to tell the others. */
  lastTold: number;
  /** How often the clock had been set by then. */
  jumps: number;
  /** How often the folder had begun to fail by then. */
  folderFailures: number;
}

/** What the judge looks at. */
export interface Scene {
  readonly time: Time;
  readonly server: ServerContext;
  readonly folder: SharedFolder;
  readonly keyring: Keyring;
  readonly figures: Figures;
  readonly story: Story;
  /** After how long without activity, in ms, the sessions are signed out; undefined where that is off. */
  readonly idleTimeout: number | undefined;
  readonly activity: Activity;
  windows(): readonly Window[];
  /** Whether the weather is such that nothing goes wrong by itself. */
  isCalm(): boolean;
}

/** How long a window may take to notice a clock that was set back: a tick comes once a minute, and a renewal takes a moment. */
const NOTICING = 65 * SECOND;
/** How long a request may be under way before its tokens are issued, at the most. */
const ON_THE_WAY = MINUTE;
/** How long after the end of an idle time a session may still be handed out, in ms; half of it is how much earlier it may be signed out. */
const IDLE_TOLERANCE = 2 * MINUTE;
/** How long after a sign-out a window that is just reading the session may still bring it up. */
const READING_ON = 30 * SECOND;

interface Wait {
  readonly until: number;
  readonly jumps: number;
  readonly folderFailures: number;
  readonly by: Process;
  isNoted: boolean;
}

/** Watches one world. */
export class Judge {
  breach: Breach | undefined;
  readonly #scene: Scene;
  readonly #waits = new Map<SignInGrant, Wait>();
  readonly #arrivals = new Map<SignInGrant, number[]>();
  readonly #goneAt = new Map<string, number>();
  readonly #told = new Set<SignInGrant>();
  /** The sessions that are being signed out, by id. */
  readonly leaving = new Set<string>();
  /** The sessions that some window has told to be lost. */
  readonly lost = new Set<string>();
  /** What somebody or something has done that may cause a request, in true time. */
  #nudges: number[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
    const { folder, server } = scene;
    folder.onDidWrite = (name, text, by) => this.#onWrite(name, text, by);
    server.onReuse = (trip) => this.#onReuse(trip);
  }

  /** Notes that something was done that may cause a request for each session. */
  nudge(count = 1): void {
    const { now } = this.#scene.time;
    this.#nudges = this.#nudges.filter((at) => at > now - HOUR);
    for (let one = 0; one < count; one += 1) {
      this.#nudges.push(now);
    }
  }

  fail(rule: Breach['rule'], text: string): void {
    if (this.breach === undefined) {
      this.breach = { rule, text };
      this.#scene.story.tell(`BROKEN ${rule}: ${text}`);
    }
  }

  /** A window is about to send a refresh token. */
  onSend(trip: Trip): void {
    const { time, folder, story } = this.#scene;
    story.tell(`${nameOfTrip(trip)} asks`);
    if (this.#senderOf(trip)?.ended !== undefined) {
      this.fail('after-end', `${nameOfTrip(trip)} is sent, and the window knows that the session has ended`);
    }
    const wait = this.#waits.get(trip.grant);
    // The wall clock decides when the wait is over, so one that was set says nothing; and who died, or was stopped,
    // before it could tell the others has told nobody.
    const isDue = wait !== undefined && time.now < wait.until && wait.jumps === time.jumps;
    const isKnown = wait?.isNoted === true || wait?.by.runs === true || wait?.by === trip.process;
    if (isDue && isKnown && folder.failing === false && folder.failures === wait.folderFailures) {
      this.fail(
        'retry-after',
        `${nameOfTrip(trip)} is sent ${wait.until - time.now} ms too early; the wait was told to ${wait.by.name}`,
      );
    }
  }

  /** A refresh token has reached the server. */
  onArrival(trip: Trip): void {
    const { figures, time } = this.#scene;
    const { grant } = trip;
    figures.requests += 1;
    const recent = [...(this.#arrivals.get(grant) ?? []), time.now].filter((at) => at > time.now - HOUR);
    this.#arrivals.set(grant, recent);
    // What the lifetime calls for, twice; the slow pace of what keeps failing, each try with its second sending; and
    // twice what people and callers cause, who do not wait their turn.
    const nudges = this.#nudges.filter((at) => at > time.now - HOUR).length;
    const bound = 2 * (HOUR / Math.max(5 * SECOND, grant.shortest / 2) + 80 + nudges) + 10;
    if (recent.length > bound) {
      this.fail(
        'storm',
        `${recent.length} requests in an hour for grant ${grant.number}, whose tokens live ${grant.shortest / SECOND} s at the least`,
      );
    }
  }

  /** An answer has reached a window that runs. */
  onAnswer(trip: Trip, { status }: Answer, retryAfter: number | undefined): void {
    const { time, folder, figures, story } = this.#scene;
    story.tell(
      `${nameOfTrip(trip)} gets ${status}${retryAfter === undefined ? '' : `, wait ${retryAfter / SECOND} s`}`,
    );
    if (status === 200 && trip.brings !== undefined && trip.state === 'delivered') {
      figures.renewals += 1;
    }
    if (retryAfter !== undefined) {
      const { jumps, now } = time;
      this.#waits.set(trip.grant, {
        until: now + retryAfter,
        jumps,
        folderFailures: folder.failures,
        by: trip.process,
        isNoted: false,
      });
    }
  }

  /** Something has changed in a window that lives. */
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

  /** A window tells what it has found. */
  onDidFindIssues(window: Window, findings: readonly LoadIssue[]): void {
    for (const { id, kind } of findings) {
      this.#scene.story.tell(`${window.name} finds ${id} ${kind}`);
      if (kind === 'lost') {
        this.lost.add(id);
      }
    }
  }

  /**
   * A caller gets a token. It must work for real, with one exception: a clock that was set back since the token was
   * asked for makes it look younger than it is. A window notices within its next tick, so the exception holds for the
   * 65 s after; and where nobody could notice in peace, because within these 65 s no window ran on, the machine slept,
   * the clock was set forward again or a fault kept the renewal from succeeding. A window that was stopped, or not yet
   * there, while another has noticed, has 65 s from when it runs.
   */
  onServed(window: Window, record: SessionRecord): void {
    const { server, time } = this.#scene;
    const token = server.read(record.accessToken);
    const issued = token?.grant.issued[token.number];
    this.#scene.figures.served += 1;
    const { activity, folder, idleTimeout = Infinity } = this.#scene;
    const idle = time.uptime - activity.last - idleTimeout;
    // A window that starts while the folder fails can't know of what was before.
    if (idle > IDLE_TOLERANCE && folder.failing === false && folder.failures === activity.folderFailures) {
      this.fail(
        'idle',
        `${window.name} hands out ${record.accessToken}, ${idle} ms after it was to be signed out for inactivity`,
      );
    }
    if (issued === undefined || time.now <= issued.expiresAt) {
      return;
    }
    const { runsSince } = window.process;
    const isExcused = time.setBacks.some(
      ({ at, trueAt, isNoticed }) =>
        trueAt >= issued.at - ON_THE_WAY && (!isNoticed || (runsSince > at && time.awake - runsSince < NOTICING)),
    );
    if (!isExcused) {
      this.fail(
        'expired',
        `${window.name} hands out ${record.accessToken}, which expired ${time.now - issued.expiresAt} ms ago`,
      );
    }
  }

  /** The wall clock has been set: looks whether a window notices in peace where it was set back. */
  onJump(): void {
    const scene = this.#scene;
    const { time } = scene;
    const clockSetBackMs = time.setBacks.at(-1);
    const { jumps, now } = time;
    if (clockSetBackMs?.trueAt !== now || !scene.isCalm()) {
      return;
    }
    const there = scene.windows().filter(({ process }) => process.runs);
    time.afterAwake(NOTICING, () => {
      const isAwakeThroughout = time.now - now < NOTICING + SECOND;
      const stays = ({ process }: Window): boolean => process.runs && process.runsSince <= clockSetBackMs.at;
      clockSetBackMs.isNoticed = isAwakeThroughout && time.jumps === jumps && scene.isCalm() && there.some(stays);
    });
  }

  #onWrite(name: string, text: string, by: Process): void {
    const id = name.split('.')[0] ?? '';
    if (isTombstone(parseSessionFile(text)) && !this.#goneAt.has(id)) {
      this.#goneAt.set(id, this.#scene.time.awake);
    }
    if (name.endsWith('.session') && text.includes('"waitUntil"')) {
      for (const wait of this.#waits.values()) {
        wait.isNoted ||= wait.by === by;
      }
    }
  }

  #onRemoved(window: Window, { id, ended }: SessionRecord): void {
    const { activity, folder, idleTimeout = Infinity, time } = this.#scene;
    // A clock that was set may make the time without activity look longer, and activity that couldn't be noted is not known.
    const isUnsure =
      activity.jumps !== time.jumps || activity.folderFailures !== folder.failures || folder.failing !== false;
    if (idleTimeout !== Infinity && (isUnsure || time.uptime - activity.lastTold >= idleTimeout - IDLE_TOLERANCE / 2)) {
      this.leaving.add(id);
    }
    if (!isSignedOut(this.#scene.folder, id) && !this.leaving.has(id) && ended === undefined) {
      this.fail('lost', `${id} goes in ${window.name} though nobody has signed out`);
    }
  }

  #onAppeared(window: Window, { id }: SessionRecord): void {
    const { awake } = this.#scene.time;
    const since = this.#goneAt.get(id);
    if (since !== undefined && Math.min(awake - since, awake - window.process.runsSince) > READING_ON) {
      this.fail('signed-out', `${id} comes back in ${window.name}, ${awake - since} ms after it was signed out`);
    }
  }

  #onEnded(window: Window, { id, refreshToken, ended }: SessionRecord): void {
    const { figures, server, story } = this.#scene;
    const grant = server.read(refreshToken ?? '')?.grant;
    story.tell(`${id} has ended in ${window.name} (${ended?.code ?? ''}), at the server: ${grant?.end ?? 'no'}`);
    if (grant?.end === undefined) {
      figures.unexpected += 1;
      this.fail('lost', `${id} ends in ${window.name} (${ended?.code ?? ''}), and its grant is good`);
    } else if (!this.#told.has(grant)) {
      this.#told.add(grant);
      figures.count(grant.end === 'reused' ? `over: ${nameOfLoss(grant)}` : `over: ${grant.end}`);
    }
  }

  /**
   * A token is presented though a newer one was issued. That is in order where nobody has the newer one: its answer
   * was lost on the way, or together with the window that got it before it could store it. It is in order, too, where
   * the window has given the request up long ago and the network delivers it all the same, and it does no harm where
   * the grant is over already.
   */
  #onReuse(trip: Trip): void {
    const { figures, story } = this.#scene;
    const isHarmless = trip.state === 'given-up' || trip.grant.end !== undefined;
    const owner = isHarmless ? undefined : this.#ownerOfNewer(trip);
    story.tell(`${nameOfTrip(trip)} reuses a token; the newest is ${trip.grant.newest}`);
    if (owner !== undefined) {
      figures.unexpected += 1;
      this.fail('reuse', `${nameOfTrip(trip)} is sent again, and ${owner}`);
    }
  }

  /** The record of the session that a window has sent the refresh token of. */
  #senderOf({ process, grant, presents }: Trip): SessionRecord | undefined {
    const token = `r-${grant.number}-${presents}`;
    const window = this.#scene.windows().find((one) => one.process === process);
    return window?.sessions.liveSessions.all().find(({ record }) => record.refreshToken === token)?.record;
  }

  #ownerOfNewer(trip: Trip): string | undefined {
    const { process, grant, presents } = trip;
    const { folder, keyring } = this.#scene;
    const holder = grant.trips.find((other) => other.brings !== undefined && other.brings > presents && isHeld(other));
    if (holder !== undefined) {
      return `${holder.process.name} has the newer one (${holder.state})`;
    }
    const mine = this.#senderOf(trip);
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
      ? 'a newer one is stored where it can be read'
      : undefined;
  }
}

function nameOfLoss({ rotation, late }: SignInGrant): string {
  const when = late < 5 * SECOND ? 'less than 5 s late' : 'later';
  return rotation === 'grace' ? `lost answer, sent again after the grace period, ${when}` : `lost answer (${rotation})`;
}
