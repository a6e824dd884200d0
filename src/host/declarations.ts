// The providers that other extensions declare: in their manifests, or by a command if they run in another extension host,
// whose manifests VS Code doesn't show to this one.
import * as vscode from 'vscode';
import { DAY, type Clock, type Disposable } from '../core/clock.ts';
import { declarationsOf, findDeclarations, type Declaration } from '../core/declaredProviders.ts';
import { Emitter } from '../core/emitter.ts';
import { membersOf } from '../core/json.ts';

/** The key of what was passed to the command, in the memento. */
const KEY = 'declaredProviders';
/** How long, in ms, a declaration is kept that isn't repeated: the extension may have been uninstalled. */
const MAX_AGE = 90 * DAY;
/** The limits of what is kept. */
const MAX_EXTENSIONS = 50;
const MAX_LENGTH = 50_000;

/** What an extension has passed to the command. */
interface StoredDeclaration {
  readonly id: string;
  /** When it was passed, in ms since the Unix epoch. */
  readonly at: number;
  /** The part of the manifest that is used. */
  readonly manifest: unknown;
}

/** The declarations of other extensions. */
export class Declarations implements Disposable {
  readonly #changed = new Emitter<void>();
  readonly #listening: vscode.Disposable;
  readonly #memento: vscode.Memento;
  readonly #clock: Clock;
  readonly #ownId: string;
  #stored: readonly StoredDeclaration[];

  /**
   * Reads the declarations, now and whenever extensions are installed, uninstalled, or updated.
   * @param memento where declarations are kept that were passed to the command; without it, each start would report that the
   * provider was removed.
   * @param ownId the ID of this extension.
   */
  constructor(memento: vscode.Memento, clock: Clock, ownId: string) {
    this.#memento = memento;
    this.#clock = clock;
    this.#ownId = ownId;
    const stored = memento.get<unknown>(KEY);
    this.#stored = (Array.isArray(stored) ? (stored as unknown[]) : []).filter(
      (one): one is StoredDeclaration => Math.abs(clock.now() - Number(membersOf(one)['at'])) < MAX_AGE,
    );
    this.#listening = vscode.extensions.onDidChange(() => this.#changed.fire());
  }

  /** Fires when the declarations may have changed. */
  get onDidChange(): Emitter<void>['event'] {
    return this.#changed.event;
  }

  /** Returns all declarations. A manifest takes precedence over what was passed for the same extension. */
  getAll(): Declaration[] {
    const installed = vscode.extensions.all.filter(({ id }) => id !== this.#ownId);
    const elsewhere = this.#stored.filter(({ id }) => installed.every((extension) => extension.id !== id));
    return [...findDeclarations(installed), ...elsewhere.flatMap(({ id, manifest }) => declarationsOf(id, manifest))];
  }

  /**
   * Keeps the declarations of an extension in another extension host, in place of its previous ones.
   * @param manifest its package.json. VS Code doesn't report who calls a command, so the ID isn't verified.
   * @returns the ID of the extension.
   * @throws Error if it isn't a manifest.
   */
  declare(manifest: unknown): string {
    const { contributes, displayName, name, publisher } = membersOf(manifest);
    if (typeof name !== 'string' || typeof publisher !== 'string') {
      throw new Error('Pass the package.json of your extension, such as context.extension.packageJSON.');
    }
    const id = `${publisher}.${name}`;
    const { authentication, sessionKeeper } = membersOf(contributes);
    const kept = { displayName, name, contributes: { authentication, sessionKeeper } };
    if (JSON.stringify(kept).length > MAX_LENGTH) {
      throw new Error('The declared providers are too large.');
    }
    const isEmpty = declarationsOf(id, kept).length === 0;
    const others = this.#stored.filter((stored) => stored.id !== id);
    const isKnown = this.#stored.some(
      (stored) => stored.id === id && JSON.stringify(stored.manifest) === JSON.stringify(kept),
    );
    this.#stored = isEmpty ? others : [...others, { id, at: this.#clock.now(), manifest: kept }].slice(-MAX_EXTENSIONS);
    // If it can't be kept, the extension passes it again at the next start.
    this.#memento.update(KEY, this.#stored).then(undefined, () => {});
    if (!isKnown) {
      this.#changed.fire();
    }
    return id;
  }

  dispose(): void {
    this.#listening.dispose();
    this.#changed.dispose();
  }
}
