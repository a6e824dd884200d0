// The document with the diagnostics, as the editor knows it. What it says is made elsewhere, and loaded when it is wanted.
import * as vscode from 'vscode';
import type { Disposable } from '../core/clock.ts';
import { DIAGNOSTICS_SCHEME, MEND_COMMAND, PRODUCT } from '../host/ids.ts';
import { bundleLoadFailed } from '../host/startMessages.ts';

/** Who makes what the document says, and does what its findings offer. */
export interface DiagnosticsService {
  /** The text of the report in hand, which is made now where there is none. */
  text(): Promise<string>;
  /** Makes a new report. */
  refresh(): Promise<void>;
  /** What stands above the lines of a document; nothing while it is not that of the report in hand. */
  lensesOf(document: vscode.TextDocument): vscode.CodeLens[];
  /** Does what the finding at a line offers, and makes a new report. */
  applyFix(line: unknown): Promise<void>;
  /** Makes a new report and puts it into the clipboard. */
  copy(): Promise<void>;
}

const ADDRESS = vscode.Uri.from({ scheme: DIAGNOSTICS_SCHEME, path: `/${PRODUCT} Diagnostics.md` });

/** Shows the diagnostics, also in a window that the editor restores with the document open. */
export class DiagnosticsDocument implements vscode.TextDocumentContentProvider, vscode.CodeLensProvider, Disposable {
  readonly #service: () => Promise<DiagnosticsService | undefined>;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #lensesChanged = new vscode.EventEmitter<void>();
  readonly #registered: vscode.Disposable;

  readonly onDidChange = this.#changed.event;
  readonly onDidChangeCodeLenses = this.#lensesChanged.event;

  /**
   * Registers the document.
   * @param service gives who makes the reports; undefined where that cannot be loaded, of which the person has been told.
   */
  constructor(service: () => Promise<DiagnosticsService | undefined>) {
    this.#service = service;
    this.#registered = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(DIAGNOSTICS_SCHEME, this),
      vscode.languages.registerCodeLensProvider({ scheme: DIAGNOSTICS_SCHEME }, this),
      vscode.commands.registerCommand(MEND_COMMAND, (line: unknown) => this.#mend(line)),
    );
  }

  /** Makes a new report and shows it. */
  async show(): Promise<void> {
    const service = await this.#service();
    if (service !== undefined) {
      await service.refresh();
      this.#notifyChanged();
      const document = await vscode.workspace.openTextDocument(ADDRESS);
      await vscode.window.showTextDocument(document, { preview: false });
    }
  }

  /** Makes a new report and puts it into the clipboard. */
  async copy(): Promise<void> {
    await (await this.#service())?.copy();
  }

  /** The text of the document, which is made now where the editor has restored it. */
  async provideTextDocumentContent(): Promise<string> {
    const service = await this.#service();
    return service === undefined ? bundleLoadFailed() : service.text();
  }

  /** What mends, above each finding that can be mended. */
  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    return (await this.#service())?.lensesOf(document) ?? [];
  }

  dispose(): void {
    this.#registered.dispose();
    this.#changed.dispose();
    this.#lensesChanged.dispose();
  }

  async #mend(line: unknown): Promise<void> {
    await (await this.#service())?.applyFix(line);
    this.#notifyChanged();
  }

  #notifyChanged(): void {
    this.#changed.fire(ADDRESS);
    this.#lensesChanged.fire();
  }
}
