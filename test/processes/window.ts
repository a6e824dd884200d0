// One window, as a process: the sessions as the product puts them together, over the machine itself.
import { randomUUID } from 'node:crypto';
import { toFailure } from '../../src/core/failure.ts';
import { nodeCipher } from '../../src/node/cipher.ts';
import { nodeSharedFolder } from '../../src/node/sharedFolder.ts';
import { nodeProcessLiveness } from '../../src/node/processLiveness.ts';
import { nodeUptime } from '../../src/node/uptime.ts';
import {
  fetchWith,
  folderWithPoints,
  livenessWith,
  Points,
  SettableClock,
  storeWith,
  type FolderFaults,
} from './ports.ts';
import { logTo } from '../support/logTo.ts';
import { createWindowSessions } from '../support/simulation/windowSessions.ts';
import { RemoteStore } from './remoteStore.ts';
import type { FromWindow, Order, Outcome, Seen, ToWindow, WindowOptions } from './wire.ts';

const options = JSON.parse(process.argv[2] ?? '') as WindowOptions;

function say(message: FromWindow, then?: () => void): void {
  process.send?.(message, undefined, undefined, () => then?.());
}

const points = new Points((point, isHeld) => say({ kind: 'at', point, isHeld }));
const clock = new SettableClock(points);
const faults: FolderFaults = { code: undefined, ignoresLocks: false };
const store = new RemoteStore((id, call) => say({ kind: 'store', id, call }));
const { sessions } = createWindowSessions({
  clock,
  log: logTo((line) => say({ kind: 'log', line })),
  fetch: fetchWith(points),
  secrets: storeWith(store, points),
  folder: folderWithPoints(nodeSharedFolder(options.folder), points, faults),
  liveness: livenessWith(nodeProcessLiveness(), points),
  cipher: nodeCipher,
  providers: [options.provider],
  settings: { jitter: options.place },
  uptime: nodeUptime,
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
      store.answered(message.id, message.values);
      break;
    case 'changed':
      store.changed(message.key);
      break;
  }
});
// Nobody is left to end it.
process.on('disconnect', () => process.exit(1));
liveSessions.onDidChange(() => say({ kind: 'seen', seen: seen() }));
sessions.start();
await sessionManager.ready();
say({ kind: 'ready' });
