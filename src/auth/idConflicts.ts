// The provider IDs that other extensions also claim. VS Code asks only one provider for each ID, and doesn't notify the others.
import * as vscode from 'vscode';

/** The IDs for which VS Code asks another extension, so that this one can't provide sessions; with the message for the user. */
export type TakenIds = Map<string, string>;

/** Returns the ID of another extension whose manifest declares a provider ID; undefined if there is none. */
export function findDeclaringExtension(providerId: string, ownId: string): string | undefined {
  return vscode.extensions.all.find(({ id, packageJSON }) => id !== ownId && declares(packageJSON, providerId))?.id;
}

/** Manifests of other extensions can have any form. */
function declares(manifest: unknown, providerId: string): boolean {
  const { contributes } = (manifest ?? {}) as { readonly contributes?: { readonly authentication?: unknown } | null };
  const declared = contributes?.authentication;
  return (
    Array.isArray(declared) &&
    declared.some((one: { readonly id?: unknown } | null | undefined) => one?.id === providerId)
  );
}
