// Whether the places where sessions are kept do what they are for: tried out with probes of their own, which no session
// takes notice of, and which are over within seconds.
import * as v from 'valibot';
import { MINUTE, SECOND, setDeadline, type Clock } from '../core/clock.ts';
import { Failure, toFailure } from '../core/failure.ts';
import { isStorageFailure } from '../core/failurePolicies.ts';
import type { Folder } from '../locking/sharedFolder.ts';
import type { SecretStore } from './secretSessionStorage.ts';

/** What a probe of a place found: it works, or the code of what failed. */
export type Health = 'works' | { readonly code: string };

/** What is known of the secret store. */
export interface StoreHealth {
  readonly now: Health;
  /** Whether it outlasts the editor; `unknown` where no earlier session of the editor can tell. */
  readonly persistence: 'persistent' | 'forgets' | 'unknown';
}

/** What is probed, and with what. */
export interface StorageProbeDependencies {
  readonly clock: Clock;
  readonly secrets: SecretStore;
  readonly folder: Folder;
  /** A name that nobody else has. */
  newId(): string;
}

const plantedSchema = v.object({
  version: v.picklist([1]),
  /** The session of the editor that has planted it. */
  session: v.string(),
  at: v.number(),
});

type ProbeMarker = v.InferOutput<typeof plantedSchema>;

/** The secret that stays, and tells a later session of the editor that the store has kept it. */
const PLANTED_SECRET = 'probe';
/** The file that says that there is such a secret. The folder outlasts the editor in any case. */
const PLANTED_FILE = 'planted.probe';
/** The prefix, or the suffix, of what is written and taken away again at once. */
const PROBE = 'probe';

/** How long, in ms, a probe may take altogether. */
const PATIENCE = 5 * SECOND;
/** The least time, in ms, between the planting and the start of a window that must find it: stores lag. */
const LAG = MINUTE;

/** Looks after the secret store and the folder. */
export class StorageProbe {
  readonly #dependencies: StorageProbeDependencies;
  readonly #startedAt: number;
  /** What was once found of the store's persistence: it stays true while this window is open. */
  #found: StoreHealth['persistence'] = 'unknown';

  constructor(ports: StorageProbeDependencies) {
    this.#dependencies = ports;
    this.#startedAt = ports.clock.now();
  }

  /**
   * Looks whether an earlier session of the editor has left a secret, and leaves one for the next. Never throws.
   * @param session the id of this session of the editor.
   */
  async persistence(session: string): Promise<StoreHealth['persistence']> {
    if (this.#found === 'unknown') {
      this.#found = await this.#within(() => this.#look(session)).catch(() => 'unknown' as const);
    }
    return this.#found;
  }

  /** Whether a secret that is written now reads back. Never throws. */
  async store(): Promise<Health> {
    const { secrets } = this.#dependencies;
    const [key, value] = [`${PROBE}:${this.#dependencies.newId()}`, this.#dependencies.newId()];
    return this.#try('secret-failed', async () => {
      try {
        await secrets.store(key, value);
        if ((await secrets.get(key)) !== value) {
          throw new Failure('storage', 'secret-forgotten');
        }
      } finally {
        await secrets.delete(key);
      }
    });
  }

  /** Whether a file can be written, read and deleted. Never throws. */
  async folder(): Promise<Health> {
    const { folder } = this.#dependencies;
    const [name, text] = [`${this.#dependencies.newId()}.${PROBE}`, this.#dependencies.newId()];
    return this.#try('folder-failed', async () => {
      await folder.write(name, text);
      const isThere = (await folder.read(name)) === text;
      await folder.delete(name);
      if (!isThere || (await folder.read(name)) !== undefined) {
        throw new Failure('storage', 'folder-forgotten');
      }
    });
  }

  async #look(session: string): Promise<StoreHealth['persistence']> {
    const { clock, folder, secrets } = this.#dependencies;
    const secret = parse(await secrets.get(PLANTED_SECRET));
    if (secret !== undefined) {
      return secret.session === session ? 'unknown' : 'persistent';
    }
    const file = parse(await folder.read(PLANTED_FILE));
    const planted: ProbeMarker = { version: 1, session, at: clock.now() };
    await secrets.store(PLANTED_SECRET, JSON.stringify(planted));
    if (file === undefined) {
      await folder.write(PLANTED_FILE, JSON.stringify(planted));
      return 'unknown';
    }
    // A window that was open already when it was planted may never get to see it.
    return file.session !== session && file.at < this.#startedAt - LAG ? 'forgets' : 'unknown';
  }

  async #try(fallback: string, probe: () => Promise<void>): Promise<Health> {
    try {
      await this.#within(probe);
      return 'works';
    } catch (error) {
      const { category, code } = toFailure(error);
      return { code: isStorageFailure(category) ? code : fallback };
    }
  }

  /** Whatever a probe does after its time is up, nobody waits for. */
  #within<T>(probe: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setDeadline(this.#dependencies.clock, PATIENCE, () => reject(new Failure('storage', 'too-slow')));
      probe()
        .finally(() => timer.dispose())
        .then(resolve, reject);
    });
  }
}

function parse(text: string | undefined): ProbeMarker | undefined {
  try {
    const parsed = v.safeParse(plantedSchema, JSON.parse(text ?? 'null'));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
