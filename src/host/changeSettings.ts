// Changes to the user settings by Session Keeper. The settings are read again afterwards, so that they apply immediately.
import * as vscode from 'vscode';
import { membersOf } from '../core/json.ts';
import { parseProviders } from '../core/parseProviders.ts';
import { BUILT_IN_PROVIDER_IDS } from '../core/provider.ts';
import { NOTIFICATION_KINDS, PREFIX, SETTINGS, type NotificationKind } from './ids.ts';
import type { Settings } from './settings.ts';
import { setByOrganization } from './settingsMessages.ts';

/**
 * Mutes a kind of notification.
 * @throws if VS Code can't write the settings.
 */
export async function muteNotification(settings: Settings, kind: NotificationKind): Promise<void> {
  const muted = NOTIFICATION_KINDS.filter((one) => one === kind || settings.isMuted(one));
  await vscode.workspace
    .getConfiguration(PREFIX)
    .update(SETTINGS.mutedNotifications, muted, vscode.ConfigurationTarget.Global);
  settings.reload();
}

/**
 * Changes fields of a provider's entry in the user settings and keeps the others. For a provider of another extension or of
 * the organization, the entry has only the changed fields, and is added if needed.
 * @param change returns the changed fields; a field that is undefined is removed.
 * @throws if there is no such entry, if the organization doesn't allow changes, or VS Code can't write the settings.
 */
export async function changeEntry(
  settings: Settings,
  id: string,
  change: (entry: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(PREFIX);
  const value = configuration.inspect<unknown>(SETTINGS.providers)?.globalValue;
  const entries = Array.isArray(value) ? (value as unknown[]) : [];
  if (settings.isLocked(id)) {
    throw new Error(setByOrganization(settings.nameOf(id)));
  }
  const isComplete = settings.declarerOf(id) === undefined && !settings.isManaged(id);
  // If several entries have the same ID, the first valid one is used.
  const index = entries.findIndex((entry) =>
    isComplete
      ? parseProviders([entry], BUILT_IN_PROVIDER_IDS).providers[0]?.id === id
      : membersOf(entry)['id'] === id && membersOf(entry)['issuer'] === undefined,
  );
  if (index < 0 && isComplete) {
    throw new Error(`No entry "${id}" in the user settings.`);
  }
  const before = index < 0 ? { id } : membersOf(entries[index]);
  const after = Object.fromEntries(
    Object.entries({ ...before, ...change(before) }).filter(([, field]) => field !== undefined),
  );
  const changed = index < 0 ? [...entries, after] : entries.with(index, after);
  await configuration.update(SETTINGS.providers, changed, vscode.ConfigurationTarget.Global);
  settings.reload();
}
