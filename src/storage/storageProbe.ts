// Tests whether SecretStorage and the shared folder work, with secrets and files that no session uses.
import * as v from 'valibot';
import { MINUTE, SECOND, setDeadline, type Clock } from '../core/clock.ts';
import { Failure, toFailure } from '../core/failure.ts';
import { isStorageFailure } from '../core/failurePolicies.ts';
import type { SharedFolder } from '../locking/sharedFolder.ts';
import type { SecretStore } from './secretSessionStorage.ts';

/** The result of a test: it works, or the failure code. */
export type Health = 'works' | { readonly code: string };

/** What is known about SecretStorage. */
export interface StoreHealth {
  readonly now: Health;
  /**
   * Whether it persists across restarts of VS Code; `unknown` if VS Code wasn't restarted since the extension first
   * started.
   */
  readonly persistence: 'persistent' | 'not-persistent' | 'unknown';
}

/** The dependencies of the probe. */
export interface StorageProbeDependencies {
  readonly clock: Clock;
  readonly secrets: SecretStore;
  readonly folder: SharedFolder;
  /** Returns a unique name. */
  newId(): string;
}

const markerSchema = v.object({
  version: v.picklist([1]),
  /** The VS Code session (`vscode.env.sessionId`) that wrote it. */
  session: v.string(),
  at: v.number(),
});

/** Left for a later VS Code session to find. */
type ProbeMarker = v.InferOutput<typeof markerSchema>;

/** The secret that proves to a later VS Code session that SecretStorage is persistent. */
const MARKER_SECRET = 'probe';
/** The file that records that the secret exists. The folder is always persistent. */
const MARKER_FILE = 'marker.probe';
/** The prefix or suffix of what is written and deleted immediately. */
const PROBE = 'probe';

/** How long, in ms, a test may take in total. */
const TIMEOUT = 5 * SECOND;
/**
 * The shortest time, in ms, between writing the marker and the start of a window that must find it: SecretStorage lags.
 */
const LAG = MINUTE;

/** Tests SecretStorage and the shared folder. */
export class StorageProbe {
  readonly #dependencies: StorageProbeDependencies;
  readonly #startedAt: number;
  /** The first result other than `unknown`, which stays valid while this window is open. */
  #persistence: StoreHealth['persistence'] = 'unknown';

  constructor(dependencies: StorageProbeDependencies) {
    this.#dependencies = dependencies;
    this.#startedAt = dependencies.clock.now();
  }

  /**
   * Returns whether SecretStorage has kept what an earlier VS Code session stored, and stores something for the next
   * one.
   * Never throws.
   * @param session the ID of this VS Code session (`vscode.env.sessionId`).
   */
  async checkPersistence(session: string): Promise<StoreHealth['persistence']> {
    if (this.#persistence === 'unknown') {
      this.#persistence = await this.#within(() => this.#checkMarker(session)).catch(() => 'unknown' as const);
    }
    return this.#persistence;
  }

  /** Returns whether a secret can be stored and read back. Never throws. */
  async store(): Promise<Health> {
    const { secrets } = this.#dependencies;
    const [key, value] = [`${PROBE}:${this.#dependencies.newId()}`, this.#dependencies.newId()];
    return this.#test('secret-failed', async () => {
      try {
        await secrets.store(key, value);
        if ((await secrets.get(key)) !== value) {
          throw new Failure('storage', 'secret-not-persistent');
        }
      } finally {
        await secrets.delete(key);
      }
    });
  }

  /** Returns whether a file can be written, read and deleted. Never throws. */
  async folder(): Promise<Health> {
    const { folder } = this.#dependencies;
    const [name, text] = [`${this.#dependencies.newId()}.${PROBE}`, this.#dependencies.newId()];
    return this.#test('folder-failed', async () => {
      await folder.write(name, text);
      const isWritten = (await folder.read(name)) === text;
      await folder.delete(name);
      if (!isWritten || (await folder.read(name)) !== undefined) {
        throw new Failure('storage', 'folder-not-persistent');
      }
    });
  }

  async #checkMarker(session: string): Promise<StoreHealth['persistence']> {
    const { clock, folder, secrets } = this.#dependencies;
    const secret = parse(await secrets.get(MARKER_SECRET));
    if (secret !== undefined) {
      return secret.session === session ? 'unknown' : 'persistent';
    }
    const file = parse(await folder.read(MARKER_FILE));
    const marker: ProbeMarker = { version: 1, session, at: clock.now() };
    await secrets.store(MARKER_SECRET, JSON.stringify(marker));
    if (file === undefined) {
      await folder.write(MARKER_FILE, JSON.stringify(marker));
      return 'unknown';
    }
    // A window that was already open when it was stored may never see it.
    return file.session !== session && file.at < this.#startedAt - LAG ? 'not-persistent' : 'unknown';
  }

  async #test(fallback: string, probe: () => Promise<void>): Promise<Health> {
    try {
      await this.#within(probe);
      return 'works';
    } catch (error) {
      const { category, code } = toFailure(error);
      return { code: isStorageFailure(category) ? code : fallback };
    }
  }

  /** Waits until the timeout. The rest runs in the background. */
  #within<T>(probe: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setDeadline(this.#dependencies.clock, TIMEOUT, () =>
        reject(new Failure('storage', 'storage-timeout')),
      );
      probe()
        .finally(() => timer.dispose())
        .then(resolve, reject);
    });
  }
}

function parse(text: string | undefined): ProbeMarker | undefined {
  try {
    const parsed = v.safeParse(markerSchema, JSON.parse(text ?? 'null'));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
