// The process of one window: the product's sessions with the real folder, liveness and network.
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
import type { FromWindow, Command, Outcome, Seen, ToWindow, WindowOptions } from './wire.ts';

const options = JSON.parse(process.argv[2] ?? '') as WindowOptions;

function post(message: FromWindow, then?: () => void): void {
  process.send?.(message, undefined, undefined, () => then?.());
}

const points = new Points((point, isHeld) => post({ kind: 'at', point, isHeld }));
const clock = new SettableClock(points);
const faults: FolderFaults = { code: undefined, ignoresLocks: false };
const store = new RemoteStore((id, call) => post({ kind: 'store', id, call }));
const { sessions } = createWindowSessions({
  clock,
  log: logTo((line) => post({ kind: 'log', line })),
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
  onDidDegrade: () => post({ kind: 'degraded' }),
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

/** Returns the ID of the session; `none` if there is no session, so that a renewal fails as it does in the product. */
function id(): string {
  return liveSessions.all()[0]?.record.id ?? 'none';
}

async function execute(command: Command): Promise<Partial<Outcome>> {
  switch (command.kind) {
    case 'addSession':
      await sessionManager.addSession(command.grant);
      return {};
    case 'renew':
      if (command.generation === undefined || command.generation === seen().generation) {
        await tokenRefresher.refresh(id(), { reason: 'test' });
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
      points.hold(command.point, command.time);
      return {};
    case 'release':
      points.release(command.next);
      return {};
    case 'report':
      points.report(command.point);
      return {};
    case 'shiftClock':
      clock.shift(command.by);
      return {};
    case 'failFolder':
      faults.code = command.code;
      return {};
    case 'ignoreLocks':
      faults.ignoresLocks = true;
      return {};
  }
}

async function answer(number: number, command: Command): Promise<void> {
  const outcome = await execute(command).catch((error: unknown) => {
    const { category, code } = toFailure(error);
    return { failure: { category, code } };
  });
  post(
    { kind: 'answer', id: number, outcome: { seen: seen(), ...outcome } },
    command.kind === 'close' ? () => process.exit() : undefined,
  );
}

process.on('message', (message: ToWindow) => {
  switch (message.kind) {
    case 'command':
      void answer(message.id, message.command);
      break;
    case 'storeAnswer':
      store.answered(message.id, message.values);
      break;
    case 'changed':
      store.changed(message.key);
      break;
  }
});
// The test process has ended.
process.on('disconnect', () => process.exit(1));
liveSessions.onDidChange(() => post({ kind: 'seen', seen: seen() }));
sessions.start();
await sessionManager.ready();
post({ kind: 'ready' });
