// The input boxes and quick picks of the fake editor: a test waits for the next one, and answers it like a user.
import { once, EventEmitter } from 'node:events';
import { Emitter } from '../../src/core/emitter.ts';

/** A row of a list. */
interface FakeRow {
  readonly label: string;
}

/** An input box or a quick pick, with the fields of VS Code's. */
export class FakeBox {
  title = '';
  step = 0;
  totalSteps = 0;
  prompt = '';
  placeholder = '';
  value = '';
  valueSelection: readonly [number, number] | undefined;
  validationMessage: unknown;
  password = false;
  busy = false;
  ignoreFocusOut = false;
  matchOnDescription = false;
  canSelectMany = false;
  buttons: readonly unknown[] = [];
  items: readonly FakeRow[] = [];
  activeItems: readonly FakeRow[] = [];
  selectedItems: readonly FakeRow[] = [];
  readonly #accepted = new Emitter<undefined>();
  readonly #hidden = new Emitter<undefined>();
  readonly #pressed = new Emitter<unknown>();
  readonly #changed = new Emitter<string>();
  readonly #pressedInRow = new Emitter<{ readonly item: FakeRow }>();
  readonly onDidAccept = this.#accepted.event;
  readonly onDidHide = this.#hidden.event;
  readonly onDidTriggerButton = this.#pressed.event;
  readonly onDidChangeValue = this.#changed.event;
  readonly onDidTriggerItemButton = this.#pressedInRow.event;

  show(): void {
    shown.emit('box', this);
  }

  dispose(): void {}

  /** Replaces the value. */
  type(value: string): void {
    this.value = value;
    this.#changed.fire(value);
  }

  /** Presses Enter. */
  accept(): void {
    this.#accepted.fire(undefined);
  }

  /** Selects the first row whose label contains a text. */
  pick(text: string): void {
    const row = this.items.find(({ label }) => label.includes(text));
    if (row === undefined) {
      throw new Error(`There is no row "${text}" in: ${this.items.map(({ label }) => label).join(', ')}`);
    }
    this.selectedItems = [row];
    this.accept();
  }

  /** Presses a button in the title. */
  press(button: unknown): void {
    this.#pressed.fire(button);
  }

  /** Presses Escape. */
  leave(): void {
    this.#hidden.fire(undefined);
  }
}

const shown = new EventEmitter();

/** The box that is shown next. */
export async function nextBox(): Promise<FakeBox> {
  const [box] = (await once(shown, 'box')) as [FakeBox];
  return box;
}
