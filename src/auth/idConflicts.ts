// The provider IDs that other extensions also claim. VS Code asks only one provider for each ID, and doesn't notify the others.
import * as vscode from 'vscode';
import { authenticationIdsOf } from '../core/declaredProviders.ts';

/** The IDs for which VS Code asks another extension, so that this one can't provide sessions; with the message for the user. */
export type TakenIds = Map<string, string>;

/** Returns the ID of another extension whose manifest declares a provider ID; undefined if there is none. */
export function findDeclaringExtension(providerId: string, ownId: string): string | undefined {
  return vscode.extensions.all.find(
    ({ id, packageJSON }) => id !== ownId && authenticationIdsOf(packageJSON).includes(providerId),
  )?.id;
}
