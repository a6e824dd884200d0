// The validation messages of input boxes.
import type * as vscode from 'vscode';
import type { ValidationError } from './entryValidation.ts';
import * as wizardMessages from './wizardMessages.ts';

/** Shows what is wrong while the user types, unless the box is empty. */
export function validateWhileTyping(
  box: vscode.InputBox,
  validate: (value: string) => ValidationError | undefined,
): void {
  box.onDidChangeValue((value) => isInvalid(box, value.trim() === '' ? undefined : validate(value.trim())));
}

/** Shows what is wrong with an answer, and returns whether something is. */
export function isInvalid(box: vscode.InputBox, error: ValidationError | undefined): boolean {
  box.validationMessage = error && wizardMessages.describeValidationError(error);
  return error !== undefined;
}
