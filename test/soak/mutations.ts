// Mutations of the product that remove one protection each, to check that the invariants notice.
import type { SharedFolder } from '../../src/locking/sharedFolder.ts';
import type { SessionsModule } from '../../src/sessions/sessionsModule.ts';
import { folderWith } from '../support/fakeStore.ts';

/**
 * `lock`: every window has the lock at any time. `generation`: no window sees the session files of other windows.
 * `adopt`: no window adopts what another has refreshed.
 */
export const MUTATIONS = ['lock', 'generation', 'adopt'] as const;
export type Mutation = (typeof MUTATIONS)[number];

const LOCK = /\.(locked|released)$/;

/** Returns the folder of a window with a mutation. */
export function mutateFolder(folder: SharedFolder, mutation: Mutation | undefined): SharedFolder {
  switch (mutation) {
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

/** Applies a mutation to the sessions of a window. */
export function mutateSessions(sessions: SessionsModule, mutation: Mutation | undefined): void {
  if (mutation === 'adopt') {
    sessions.sessionStore.compare = () => Promise.resolve({ kind: 'current' });
    sessions.crossWindowSync.sync = () => Promise.resolve();
  }
}
