// Input boxes and quick picks with a Back button.
import * as vscode from 'vscode';

/** The user has pressed Back. */
export const BACK = Symbol('back');

/** The result of a step: an answer, {@link BACK}, or undefined if the user cancels. */
export type Answer<T> = T | typeof BACK | undefined;

/** An input box or a quick pick. */
export type Box = vscode.InputBox | vscode.QuickPick<vscode.QuickPickItem>;

/**
 * Shows a box until there is a result, then disposes it. Rejects if `accept` does.
 * @param accept returns the answer when the user presses Enter; undefined keeps the box open. The box is busy until then.
 * @param onButton handles the buttons other than Back; undefined keeps the box open.
 */
export function showStep<T>(
  box: Box,
  accept: () => T | undefined | Promise<T | undefined>,
  onButton: (button: vscode.QuickInputButton) => Promise<T | undefined> = () => Promise.resolve(undefined),
): Promise<Answer<T>> {
  return new Promise<Answer<T>>((resolve, reject) => {
    const onAccept = async (): Promise<void> => {
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
    box.onDidAccept(() => void onAccept());
    box.onDidHide(() => resolve(undefined));
    const onOtherButton = async (button: vscode.QuickInputButton): Promise<void> => {
      const answer = await onButton(button);
      if (answer !== undefined) {
        resolve(answer);
      }
    };
    box.onDidTriggerButton((button) =>
      button === vscode.QuickInputButtons.Back ? resolve(BACK) : void onOtherButton(button).catch(() => {}),
    );
    box.show();
  }).finally(() => box.dispose());
}
