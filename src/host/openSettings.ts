// Opens the settings.
import * as vscode from 'vscode';
import { SECOND, type Clock } from '../core/clock.ts';
import { entryName, type SettingProblem } from '../core/parseProviders.ts';
import { DEFAULT_PROVIDER_ID } from '../core/provider.ts';
import { PREFIX, SETTINGS } from './ids.ts';

/** How long, in ms, to wait for an editor that has been opened. */
const EDITOR_TIMEOUT = 2 * SECOND;

/** Opens the settings editor at the providers. */
export async function openProviderSettings(): Promise<void> {
  await openSettings(`${PREFIX}.${SETTINGS.providers}`);
}

/** Opens the settings editor with some settings, by their IDs. */
export async function openSettings(...ids: readonly string[]): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.openSettings', `@id:${ids.join(',')}`);
}

/**
 * Opens the user's settings.json at the entry of a provider, or at one of its fields. If there is no entry, calls
 * {@link openProviderSettings}.
 */
export async function openEntry(clock: Clock, id: string, field?: string): Promise<void> {
  await openMatchingEntry(
    clock,
    (entry) => typeof entry === 'object' && entry !== null && ('id' in entry ? entry.id : DEFAULT_PROVIDER_ID) === id,
    field,
  );
}

/** Does the same for the entry with a problem, and its field. */
export async function openInvalidEntry(clock: Clock, problem: SettingProblem): Promise<void> {
  await openMatchingEntry(
    clock,
    (entry, index) => entryName(entry, index) === problem.entry,
    problem.field.split('.')[0],
  );
}

async function openMatchingEntry(
  clock: Clock,
  matches: (entry: unknown, index: number) => boolean,
  field: string | undefined,
): Promise<void> {
  const value: unknown = vscode.workspace.getConfiguration(PREFIX).get(SETTINGS.providers);
  const entries = Array.isArray(value) ? (value as unknown[]) : [];
  const index = entries.findIndex(matches);
  if (index < 0) {
    await openProviderSettings();
    return;
  }
  const key = `${PREFIX}.${SETTINGS.providers}`;
  // Not with `revealSetting`, which moves the cursor later and so clears the selection.
  await vscode.commands.executeCommand('workbench.action.openSettingsJson');
  const editor = await waitForEditor('settings.json', clock);
  if (editor === undefined) {
    return;
  }
  // VS Code's JSON language service finds the entry also if the file has comments or errors.
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

/** Returns the editor of a file that has just been opened, which may become active a moment later; undefined if it doesn't. */
async function waitForEditor(name: string, clock: Clock): Promise<vscode.TextEditor | undefined> {
  const findEditor = (): vscode.TextEditor | undefined => {
    const editor = vscode.window.activeTextEditor;
    return editor?.document.uri.path.endsWith(`/${name}`) === true ? editor : undefined;
  };
  return new Promise((resolve) => {
    const finish = (): void => {
      timeout.dispose();
      listening.dispose();
      resolve(findEditor());
    };
    const listening = vscode.window.onDidChangeActiveTextEditor(() => {
      if (findEditor() !== undefined) {
        finish();
      }
    });
    const timeout = clock.after(findEditor() === undefined ? EDITOR_TIMEOUT : 0, finish);
  });
}
