// One window, as a process: the sessions as the product puts them together, over the machine itself.
import { randomUUID } from 'node:crypto';
import { MINUTE, SECOND } from '../../src/core/clock.ts';
import { toFailure } from '../../src/core/failure.ts';
import type { Log } from '../../src/core/log.ts';
import { nodeCipher } from '../../src/node/cipher.ts';
import { nodeSharedFolder } from '../../src/node/sharedFolder.ts';
import { nodeProcessLiveness } from '../../src/node/processLiveness.ts';
import { nodeUptime } from '../../src/node/uptime.ts';
import { Discovery } from '../../src/protocol/discovery.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { TestSessions } from '../support/testSessions.ts';
import { fetchWith, folderWith, livenessWith, Points, SettableClock, storeWith, type FolderFaults } from './ports.ts';
import { FileStore, TestStore } from './windowStores.ts';
import type { FromWindow, Order, Outcome, Seen, ToWindow, WindowOptions } from './wire.ts';
import { allKeyNames } from '../support/keyNames.ts';

const options = JSON.parse(process.argv[2] ?? '') as WindowOptions;

function say(message: FromWindow, then?: () => void): void {
  process.send?.(message, undefined, undefined, () => then?.());
}

const tell = (line: string): void => say({ kind: 'log', line });
const log: Log = { trace: tell, debug: tell, info: tell, warn: tell, error: tell };
const points = new Points((point, isHeld) => say({ kind: 'at', point, isHeld }));
const clock = new SettableClock(points);
const faults: FolderFaults = { code: undefined, ignoresLocks: false };
const testStore = new TestStore((id, call) => say({ kind: 'store', id, call }));
const transport: Transport = { fetch: fetchWith(points), clock, log, timeout: 20 * SECOND };
const discovery = new Discovery(transport);
const sessions = new TestSessions({
  keyNames: allKeyNames,
  clock,
  log,
  discovery,
  transport,
  secrets: storeWith(options.model === 'browser' ? new FileStore(options.secretsFile) : testStore, points),
  folder: folderWith(nodeSharedFolder(options.folder), points, faults),
  liveness: livenessWith(nodeProcessLiveness(), points),
  cipher: nodeCipher,
  provider: (id) => (id === options.provider.id ? options.provider : undefined),
  lifetimes: () => ({ leeway: 5 * MINUTE, refreshInterval: 0, warning: 10 * MINUTE, jitter: options.place }),
  minimumValidity: () => MINUTE,
  uptime: nodeUptime,
  idleTimeouts: () => new Map(),
  random: Math.random,
  newId: randomUUID,
  onDidDegrade: () => say({ kind: 'alone' }),
});
const { sessionManager, tokenRefresher, liveSessions } = sessions;

function seen(): Seen {
  const [session] = liveSessions.all();
  if (session === undefined) {
    return { generation: 0, isComplete: false, accessToken: '', refreshToken: '', unsaved: false };
  }
  const { generation, isComplete, accessToken, refreshToken = '', ended } = session.record;
  return {
    generation,
    isComplete,
    accessToken,
    refreshToken,
    endedBy: ended?.code,
    failure: session.failure?.code,
    unsaved: session.unsaved,
  };
}

/** The id of the session; one that nobody has where there is none, for which a renewal fails as it does in the product. */
function id(): string {
  return liveSessions.all()[0]?.record.id ?? 'none';
}

async function obey(order: Order): Promise<Partial<Outcome>> {
  switch (order.kind) {
    case 'admit':
      await sessionManager.addSession(order.grant);
      return {};
    case 'renew':
      if (order.generation === undefined || order.generation === seen().generation) {
        await tokenRefresher.refresh(id(), { reason: 'told' });
      }
      return {};
    case 'find':
      return {
        found: (await sessionManager.getUsableSessions(options.provider.id, options.provider.scopes)).map(
          ({ record }) => record.accessToken,
        ),
      };
    case 'signOut':
      await (
        await sessionManager.signOut(id())
      ).atServer;
      return {};
    case 'close':
      sessions.dispose();
      await tokenRefresher.whenIdle();
      return {};
    case 'hold':
      points.hold(order.point, order.time);
      return {};
    case 'goOn':
      points.goOn(order.next);
      return {};
    case 'tell':
      points.tell(order.point);
      return {};
    case 'shiftClock':
      clock.shift(order.by);
      return {};
    case 'failFolder':
      faults.code = order.code;
      return {};
    case 'ignoreLocks':
      faults.ignoresLocks = true;
      return {};
  }
}

async function answer(number: number, order: Order): Promise<void> {
  const outcome = await obey(order).catch((error: unknown) => {
    const { category, code } = toFailure(error);
    return { failure: { category, code } };
  });
  say(
    { kind: 'answer', id: number, outcome: { seen: seen(), ...outcome } },
    order.kind === 'close' ? () => process.exit() : undefined,
  );
}

process.on('message', (message: ToWindow) => {
  switch (message.kind) {
    case 'order':
      void answer(message.id, message.order);
      break;
    case 'fromStore':
      testStore.answered(message.id, message.values);
      break;
    case 'changed':
      testStore.changed(message.key);
      break;
  }
});
// Nobody is left to end it.
process.on('disconnect', () => process.exit(1));
liveSessions.onDidChange(() => say({ kind: 'seen', seen: seen() }));
sessions.start();
await sessionManager.ready();
say({ kind: 'ready' });
