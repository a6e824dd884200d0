// What VS Code tells of a person who works in this window: typing, clicking, looking at it, using a terminal.
import * as vscode from 'vscode';
import type { Clock, Disposable } from '../core/clock.ts';
import type { IdleMonitor } from '../idle/idleMonitor.ts';

/** Hands on that somebody is active, and listens to VS Code only while some limit is set. */
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

  /** Begins or ceases to listen, after the settings have changed. */
  update(): void {
    if (this.#idleMonitor.reportInterval === undefined) {
      this.dispose();
    } else if (this.#subscriptions === undefined) {
      this.#subscriptions = this.#listen();
      // Whoever opens a window is there.
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
    const note = (): void => this.#idleMonitor.recordActivity();
    let hadFocus = window.state.focused;
    return vscode.Disposable.from(
      window.onDidChangeWindowState((state) => {
        this.#onState(state, state.focused && !hadFocus);
        hadFocus = state.focused;
      }),
      window.onDidChangeTextEditorSelection(({ kind }) => {
        // Commands move the cursor too, and not only those that a person runs.
        if (kind === TextEditorSelectionChangeKind.Keyboard || kind === TextEditorSelectionChangeKind.Mouse) {
          note();
        }
      }),
      workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        // A file that grows while it is open is no activity.
        const isTyped = document.uri.scheme !== 'output' && document === window.activeTextEditor?.document;
        if (isTyped && contentChanges.length > 0 && window.state.focused && window.state.active) {
          note();
        }
      }),
      window.onDidChangeActiveTextEditor(() => window.state.focused && note()),
      window.onDidChangeActiveTerminal(() => window.state.focused && note()),
      window.onDidOpenTerminal(() => window.state.focused && note()),
      window.onDidChangeTerminalState(({ state }) => state.isInteractedWith && window.state.focused && note()),
      window.onDidStartTerminalShellExecution(() => window.state.focused && note()),
    );
  }

  /** While VS Code calls the window active, somebody moves the pointer or presses keys: that is asked for again and again. */
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
