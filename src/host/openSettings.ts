// Leads the person to the settings.
import * as vscode from 'vscode';
import { SECOND, type Clock } from '../core/clock.ts';
import { DEFAULT_PROVIDER_ID } from '../core/provider.ts';
import { PREFIX, SETTINGS } from './ids.ts';

/** How long, in ms, an editor that has been opened may take to be there. */
const EDITOR_PATIENCE = 2 * SECOND;

/** Opens the settings at the providers. */
export async function openProviderSettings(): Promise<void> {
  await openSettings(`${PREFIX}.${SETTINGS.providers}`);
}

/** Opens the settings at some of them, by their ids. */
export async function openSettings(...ids: readonly string[]): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.openSettings', `@id:${ids.join(',')}`);
}

/** Opens the file of the user's settings at the entry of a provider, or at one of its fields; without an entry, as {@link openProviderSettings}. */
export async function openEntry(clock: Clock, id: string, field?: string): Promise<void> {
  const value: unknown = vscode.workspace.getConfiguration(PREFIX).get(SETTINGS.providers);
  const entries = Array.isArray(value) ? (value as unknown[]) : [];
  const index = entries.findIndex(
    (entry) => typeof entry === 'object' && entry !== null && ('id' in entry ? entry.id : DEFAULT_PROVIDER_ID) === id,
  );
  if (index < 0) {
    await openProviderSettings();
    return;
  }
  const key = `${PREFIX}.${SETTINGS.providers}`;
  // Without `revealSetting`, which moves the cursor at a time of its own and takes the selection away.
  await vscode.commands.executeCommand('workbench.action.openSettingsJson');
  const editor = await editorOf('settings.json', clock);
  if (editor === undefined) {
    return;
  }
  // What the file's own language says of its structure is right with comments and anything else that is in it.
  const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[] | undefined>(
    'vscode.executeDocumentSymbolProvider',
    editor.document.uri,
  );
  const entry = symbols?.find(({ name }) => name === key)?.children[index];
  const range = (entry?.children.find(({ name }) => name === field) ?? entry)?.range;
  if (range !== undefined) {
    editor.selection = new vscode.Selection(range.start, range.end);
    editor.revealRange(range, vscode.TextEditorRevealType.InCenter);
  }
}

/** The editor of a file that has just been opened: VS Code may tell of it a moment later. Undefined where it does not. */
async function editorOf(name: string, clock: Clock): Promise<vscode.TextEditor | undefined> {
  const shown = (): vscode.TextEditor | undefined => {
    const editor = vscode.window.activeTextEditor;
    return editor?.document.uri.path.endsWith(`/${name}`) === true ? editor : undefined;
  };
  return new Promise((resolve) => {
    const finish = (): void => {
      limit.dispose();
      listening.dispose();
      resolve(shown());
    };
    const listening = vscode.window.onDidChangeActiveTextEditor(() => {
      if (shown() !== undefined) {
        finish();
      }
    });
    const limit = clock.after(shown() === undefined ? EDITOR_PATIENCE : 0, finish);
  });
}
