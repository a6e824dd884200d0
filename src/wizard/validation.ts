// The validation messages of input boxes.
import type * as vscode from 'vscode';
import type { ValidationError } from './entryValidation.ts';
import * as wizardMessages from './wizardMessages.ts';

/**
 * Shows what is wrong while the user types, unless the box is empty.
 * @param atOnce whether to also show what is wrong with the initial value.
 */
export function validateWhileTyping(
  box: vscode.InputBox,
  validate: (value: string) => ValidationError | undefined,
  atOnce: boolean,
): void {
  const update = (value: string): boolean => isInvalid(box, value.trim() === '' ? undefined : validate(value.trim()));
  box.onDidChangeValue(update);
  if (atOnce) {
    update(box.value);
  }
}

/** Shows what is wrong with an answer, and returns whether something is. */
export function isInvalid(box: vscode.InputBox, error: ValidationError | undefined): boolean {
  box.validationMessage = error && wizardMessages.describeValidationError(error);
  return error !== undefined;
}
