// Boxes to type into and lists to pick from that know a way back.
import * as vscode from 'vscode';

/** The person wants to go back to the step before. */
export const BACK = Symbol('back');

/** What comes of a box: an answer, the way back, or nothing where the person leaves. */
export type Answer<T> = T | typeof BACK | undefined;

/** A box or a list. */
export type Box = vscode.InputBox | vscode.QuickPick<vscode.QuickPickItem>;

/**
 * Shows a box until there is an answer, and takes it away.
 * @param accept makes the answer when the person presses Enter; undefined keeps the box open. While it thinks, the box is busy.
 * @param press does what another button than the one for going back is for.
 */
export function showStep<T>(
  box: Box,
  accept: () => T | undefined | Promise<T | undefined>,
  press: (button: vscode.QuickInputButton) => unknown = () => {},
): Promise<Answer<T>> {
  return new Promise<Answer<T>>((resolve, reject) => {
    const take = async (): Promise<void> => {
      if (box.busy) {
        return;
      }
      box.busy = true;
      try {
        const answer = await accept();
        if (answer !== undefined) {
          resolve(answer);
        }
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      } finally {
        box.busy = false;
      }
    };
    box.onDidAccept(() => void take());
    box.onDidHide(() => resolve(undefined));
    box.onDidTriggerButton((button) =>
      button === vscode.QuickInputButtons.Back ? resolve(BACK) : void Promise.resolve(press(button)).catch(() => {}),
    );
    box.show();
  }).finally(() => box.dispose());
}
