// What protects the sessions, taken away piece by piece, to see that the soak notices.
import type { Folder } from '../../src/locking/sharedFolder.ts';
import type { SessionsModule } from '../../src/sessions/sessionsModule.ts';

/**
 * `lock`: everybody has the turn at any time. `generation`: no window sees what another has entered in the session index or
 * sealed. `adopt`: no window takes over what another has renewed.
 */
export const BREAKS = ['lock', 'generation', 'adopt'] as const;
export type Break = (typeof BREAKS)[number];

const TURN = /\.(held|over|lost)$/;
const NEWS = /\.(json|sealed)$/;

/** The folder as a window has it, without what is broken. */
export function brokenFolder(folder: Folder, broken: Break | undefined): Folder {
  switch (broken) {
    case 'lock':
      return {
        ...folder,
        list: async () => (await folder.list()).filter((name) => !TURN.test(name)),
        create: async (name, text) => TURN.test(name) || folder.create(name, text),
      };
    case 'generation': {
      const own = new Map<string, string>();
      return {
        ...folder,
        read: async (name) => (NEWS.test(name) ? own.get(name) : folder.read(name)),
        write: async (name, text) => {
          own.set(name, text);
          await folder.write(name, text);
        },
      };
    }
    case 'adopt':
    case undefined:
      return folder;
  }
}

/** Takes the rest of what is broken out of a window. */
export function breakSessions(sessions: SessionsModule, broken: Break | undefined): void {
  if (broken === 'adopt') {
    sessions.sessionStore.compareWithStored = () => Promise.resolve({ kind: 'newest' });
    sessions.sessionStore.isStale = () => Promise.resolve(false);
    sessions.crossWindowSync.onSecretChanged = () => Promise.resolve();
  }
}
