// The input boxes and quick picks of the fake editor: a test waits for the next one, and acts in it like a user.
import { once, EventEmitter } from 'node:events';
import { Emitter } from '../../src/core/emitter.ts';

/** An item of a quick pick. */
interface FakeQuickPickItem {
  readonly label: string;
}

/** An input box or a quick pick. The caller sets its fields, as with VS Code's own. */
export class FakeQuickInput {
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
  items: readonly FakeQuickPickItem[] = [];
  activeItems: readonly FakeQuickPickItem[] = [];
  selectedItems: readonly FakeQuickPickItem[] = [];
  readonly #accepted = new Emitter<undefined>();
  readonly #hidden = new Emitter<undefined>();
  readonly #pressed = new Emitter<unknown>();
  readonly #changed = new Emitter<string>();
  readonly #pressedInRow = new Emitter<{ readonly item: FakeQuickPickItem }>();
  readonly onDidAccept = this.#accepted.event;
  readonly onDidHide = this.#hidden.event;
  readonly onDidTriggerButton = this.#pressed.event;
  readonly onDidChangeValue = this.#changed.event;
  readonly onDidTriggerItemButton = this.#pressedInRow.event;

  /** Shows it to the test. */
  show(): void {
    shown.emit('box', this);
  }

  dispose(): void {}

  /** Replaces the value by typing a text. */
  type(value: string): void {
    this.value = value;
    this.#changed.fire(value);
  }

  /** Presses Enter. */
  accept(): void {
    this.#accepted.fire(undefined);
  }

  /** Selects the first item whose label contains a text. */
  pick(text: string): void {
    const item = this.items.find(({ label }) => label.includes(text));
    if (item === undefined) {
      throw new Error(`There is no item "${text}" in: ${this.items.map(({ label }) => label).join(', ')}`);
    }
    this.selectedItems = [item];
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

/** The next input box or quick pick that is shown. */
export async function nextQuickInput(): Promise<FakeQuickInput> {
  const [box] = (await once(shown, 'box')) as [FakeQuickInput];
  return box;
}
