import * as vscode from 'vscode';

/** Returns the only item, or the one that the user selects in a quick pick; undefined if there is none, or if they cancel. */
export async function selectOne<T>(
  list: readonly T[],
  text: { readonly title: string; readonly placeHolder: string },
  describe: (item: T) => vscode.QuickPickItem,
): Promise<T | undefined> {
  const [only, ...others] = list;
  if (others.length === 0) {
    return only;
  }
  const items = list.map((item) => ({ ...describe(item), item }));
  return (await vscode.window.showQuickPick(items, { ...text, matchOnDescription: true, matchOnDetail: true }))?.item;
}
