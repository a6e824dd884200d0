// The virtual document that shows the diagnostics. Its content comes from the diagnostics module, which is loaded on
// demand.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import { DIAGNOSTICS_SCHEME, APPLY_FIX_COMMAND, PRODUCT } from '../host/ids.ts';
import { bundleLoadFailed } from '../host/startMessages.ts';

/** Creates the content of the document, and applies the quick fixes of its findings. */
export interface DiagnosticsService {
  /** Returns the text of the current report; creates one if there is none. */
  text(): Promise<string>;
  /** Creates a new report. */
  refresh(): Promise<void>;
  /** Returns the code lenses of a document; none if its text isn't that of the current report. */
  getCodeLenses(document: vscode.TextDocument): vscode.CodeLens[];
  /** Applies the quick fix of the finding at a line, and creates a new report. */
  applyFix(line: unknown): Promise<void>;
  /** Creates a new report and copies it to the clipboard. */
  copy(): Promise<void>;
}

const DOCUMENT_URI = vscode.Uri.from({ scheme: DIAGNOSTICS_SCHEME, path: `/${PRODUCT} Diagnostics.md` });

/** Shows the diagnostics, also if VS Code restores a window in which the document was open. */
export class DiagnosticsDocument implements vscode.TextDocumentContentProvider, vscode.CodeLensProvider, Disposable {
  readonly #service: () => Promise<DiagnosticsService | undefined>;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #lensesChanged = new vscode.EventEmitter<void>();
  readonly #registered: vscode.Disposable;

  readonly onDidChange = this.#changed.event;
  readonly onDidChangeCodeLenses = this.#lensesChanged.event;

  /**
   * Registers the document.
   * @param service loads the diagnostics; returns undefined if they can't be loaded, which has already been reported.
   */
  constructor(service: () => Promise<DiagnosticsService | undefined>) {
    this.#service = service;
    this.#registered = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(DIAGNOSTICS_SCHEME, this),
      vscode.languages.registerCodeLensProvider({ scheme: DIAGNOSTICS_SCHEME }, this),
      vscode.commands.registerCommand(APPLY_FIX_COMMAND, (line: unknown) => this.#applyFix(line)),
    );
  }

  /** Creates a new report and shows it. */
  async show(): Promise<void> {
    const service = await this.#service();
    if (service !== undefined) {
      await service.refresh();
      this.#notifyChanged();
      const document = await vscode.workspace.openTextDocument(DOCUMENT_URI);
      await vscode.window.showTextDocument(document, { preview: false });
    }
  }

  /** Creates a new report and copies it to the clipboard. */
  async copy(): Promise<void> {
    await (await this.#service())?.copy();
  }

  /** Returns the text of the document (VS Code's `TextDocumentContentProvider`). */
  async provideTextDocumentContent(): Promise<string> {
    const service = await this.#service();
    return service === undefined ? bundleLoadFailed() : service.text();
  }

  /** Returns a code lens for each finding with a quick fix (VS Code's `CodeLensProvider`). */
  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    return (await this.#service())?.getCodeLenses(document) ?? [];
  }

  dispose(): void {
    this.#registered.dispose();
    this.#changed.dispose();
    this.#lensesChanged.dispose();
  }

  async #applyFix(line: unknown): Promise<void> {
    await (await this.#service())?.applyFix(line);
    this.#notifyChanged();
  }

  #notifyChanged(): void {
    this.#changed.fire(DOCUMENT_URI);
    this.#lensesChanged.fire();
  }
}
