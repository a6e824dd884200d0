// What a box says about an answer that is wrong.
import type * as vscode from 'vscode';
import type { ValidationError } from './draft.ts';
import * as words from './wizardMessages.ts';

/** Says what is wrong while the person types; of an empty box nothing yet. */
export function validate(box: vscode.InputBox, object: (value: string) => ValidationError | undefined): void {
  box.onDidChangeValue((value) => {
    const objection = value.trim() === '' ? undefined : object(value.trim());
    box.validationMessage = objection && words.sayObjection(objection);
  });
}

/** Says what is wrong with an answer, and whether something is. */
export function isObjected(box: vscode.InputBox, objection: ValidationError | undefined): boolean {
  box.validationMessage = objection && words.sayObjection(objection);
  return objection !== undefined;
}
