// Picking one of several things.
import * as vscode from 'vscode';

/** The only one of a list, or the one that the person picks; undefined if they pick none, or if there is none. */
export async function pickOne<T>(
  list: readonly T[],
  title: string,
  describe: (item: T) => vscode.QuickPickItem,
): Promise<T | undefined> {
  const [only, ...others] = list;
  if (others.length === 0) {
    return only;
  }
  const items = list.map((item) => ({ ...describe(item), item }));
  return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true, matchOnDetail: true }))?.item;
}
