// The user activity in this window that VS Code's API reports: typing, selecting, focus, terminals.
import * as vscode from 'vscode';
import type { Clock, Disposable } from '../core/clock.ts';
import type { IdleMonitor } from '../idle/idleMonitor.ts';

/** Records activity with the idle monitor. Listens to VS Code only while a provider has an idle timeout. */
export class Activity implements Disposable {
  readonly #clock: Clock;
  readonly #idleMonitor: IdleMonitor;
  #subscriptions: vscode.Disposable | undefined;
  #polling: Disposable | undefined;

  constructor(clock: Clock, idleMonitor: IdleMonitor) {
    this.#clock = clock;
    this.#idleMonitor = idleMonitor;
    this.update();
  }

  /** Starts or stops listening after the settings have changed. */
  update(): void {
    if (this.#idleMonitor.reportInterval === undefined) {
      this.dispose();
    } else if (this.#subscriptions === undefined) {
      this.#subscriptions = this.#listen();
      // Opening a window counts as activity, and so does setting a timeout.
      this.#onState(vscode.window.state, vscode.window.state.focused);
    }
  }

  dispose(): void {
    this.#polling?.dispose();
    this.#subscriptions?.dispose();
    this.#subscriptions = undefined;
  }

  #listen(): vscode.Disposable {
    const { window, workspace, TextEditorSelectionChangeKind } = vscode;
    const record = (): void => this.#idleMonitor.recordActivity();
    let hadFocus = window.state.focused;
    return vscode.Disposable.from(
      window.onDidChangeWindowState((state) => {
        this.#onState(state, state.focused && !hadFocus);
        hadFocus = state.focused;
      }),
      window.onDidChangeTextEditorSelection(({ kind }) => {
        // Extensions can run commands that move the cursor.
        if (kind === TextEditorSelectionChangeKind.Keyboard || kind === TextEditorSelectionChangeKind.Mouse) {
          record();
        }
      }),
      workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        // Changes that a program makes to an open file aren't activity.
        const isTyped = document.uri.scheme !== 'output' && document === window.activeTextEditor?.document;
        if (isTyped && contentChanges.length > 0 && window.state.focused && window.state.active) {
          record();
        }
      }),
      window.onDidChangeActiveTextEditor(() => window.state.focused && record()),
      window.onDidChangeActiveTerminal(() => window.state.focused && record()),
      window.onDidOpenTerminal(() => window.state.focused && record()),
      window.onDidChangeTerminalState(({ state }) => state.isInteractedWith && window.state.focused && record()),
      window.onDidStartTerminalShellExecution(() => window.state.focused && record()),
    );
  }

  /**
   * Records activity while `WindowState.active` is true, that is, while the user moves the pointer or presses keys. VS Code
   * fires no event while it stays true, so it is polled.
   */
  #onState({ active }: vscode.WindowState, isFocusNew: boolean): void {
    this.#polling?.dispose();
    const { reportInterval } = this.#idleMonitor;
    if (active || isFocusNew) {
      this.#idleMonitor.recordActivity();
    }
    if (active && reportInterval !== undefined) {
      this.#polling = this.#clock.after(reportInterval, () => this.#onState(vscode.window.state, false));
    }
  }
}
