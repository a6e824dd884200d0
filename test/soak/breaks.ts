// What protects the sessions, taken away piece by piece, to see that the soak notices.
import type { Folder } from '../../src/locking/sharedFolder.ts';
import type { SessionsModule } from '../../src/sessions/sessionsModule.ts';
import { folderWith } from '../support/fakeStore.ts';

/**
 * `lock`: everybody has the lock at any time. `generation`: no window sees the session files of another one. `adopt`: no
 * window adopts what another has refreshed.
 */
export const BREAKS = ['lock', 'generation', 'adopt'] as const;
export type Break = (typeof BREAKS)[number];

const LOCK = /\.(locked|released)$/;

/** The folder as a window has it, without what is broken. */
export function brokenFolder(folder: Folder, broken: Break | undefined): Folder {
  switch (broken) {
    case 'lock':
      return folderWith(folder, {
        list: async () => (await folder.list()).filter((name) => !LOCK.test(name)),
        create: async (name, text) => LOCK.test(name) || folder.create(name, text),
      });
    case 'generation': {
      const own = new Set<string>();
      const isForeign = (name: string): boolean => name.endsWith('.session') && !own.has(name);
      return folderWith(folder, {
        list: async () => (await folder.list()).filter((name) => !isForeign(name)),
        create: async (name, text) => {
          own.add(name);
          return (await folder.create(name, text)) || name.endsWith('.session');
        },
      });
    }
    case 'adopt':
    case undefined:
      return folder;
  }
}

/** Takes the rest of what is broken out of a window. */
export function breakSessions(sessions: SessionsModule, broken: Break | undefined): void {
  if (broken === 'adopt') {
    sessions.sessionStore.compare = () => Promise.resolve({ kind: 'current' });
    sessions.crossWindowSync.sync = () => Promise.resolve();
  }
}
