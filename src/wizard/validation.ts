// What a box says about an answer that is wrong.
import type * as vscode from 'vscode';
import type { ValidationError } from './entryValidation.ts';
import * as wizardMessages from './wizardMessages.ts';

/** Says what is wrong while the person types; of an empty box nothing yet. */
export function validateWhileTyping(
  box: vscode.InputBox,
  validate: (value: string) => ValidationError | undefined,
): void {
  box.onDidChangeValue((value) => isInvalid(box, value.trim() === '' ? undefined : validate(value.trim())));
}

/** Says what is wrong with an answer, and returns whether something is. */
export function isInvalid(box: vscode.InputBox, error: ValidationError | undefined): boolean {
  box.validationMessage = error && wizardMessages.describeValidationError(error);
  return error !== undefined;
}
