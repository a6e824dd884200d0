// Use Fixed Port: for servers that accept only certain redirect URIs. Changes the provider's entry, and shows exactly what
// to register.
import * as vscode from 'vscode';
import type { Provider } from '../core/provider.ts';
import {
  fixedPortChange,
  redirectTarget,
  redirectUrisOf,
  usesAnyPort,
  type RedirectFields,
} from '../core/redirectUri.ts';
import { openProviderSettings } from '../host/openSettings.ts';
import { changeEntry } from '../host/changeSettings.ts';
import type { Settings } from '../host/settings.ts';
import * as button from '../host/buttonLabels.ts';
import * as notification from '../host/notificationMessages.ts';
import * as prompt from '../host/promptMessages.ts';

/** What choosing a fixed port depends on. */
export interface FixedPortDependencies {
  readonly settings: Settings;
  /** Returns a port that is free now: the first free one of the preferred ports, else any. */
  readonly proposePort: (preferred: readonly number[]) => Promise<number>;
}

/**
 * Asks for a port or a redirect URI, writes it into the entry, and shows what to register.
 * @returns whether the user wants to sign in now.
 */
export async function chooseFixedPort(
  provider: Provider,
  { proposePort, settings }: FixedPortDependencies,
): Promise<boolean> {
  const proposed = await proposePort(redirectTarget(provider).ports);
  const entered = await vscode.window.showInputBox({
    title: prompt.fixedPortTitle(provider.label),
    value: String(proposed),
    ignoreFocusOut: true,
    validateInput: (value) => {
      const change = fixedPortChange(value, provider);
      return change === undefined
        ? prompt.invalidPort()
        : {
            message: `${describeRegistration({ ...provider, ...change })}. ${prompt.fixedPort()}`,
            severity: vscode.InputBoxValidationSeverity.Info,
          };
    },
  });
  const change = entered === undefined ? undefined : fixedPortChange(entered, provider);
  if (change === undefined) {
    return false;
  }
  try {
    await changeEntry(settings, provider.id, () => change);
  } catch {
    const selected = await vscode.window.showErrorMessage(
      notification.entryNotSaved(provider.label),
      button.openSettings(),
    );
    await (selected === undefined ? undefined : openProviderSettings());
    return false;
  }
  const fields = { ...provider, ...change };
  const uris = redirectUrisOf(fields);
  await vscode.env.clipboard.writeText(uris.join('\n'));
  const options = { modal: true, detail: prompt.registerRedirectUriDetail(usesAnyPort(fields)) };
  return (
    (await vscode.window.showInformationMessage(
      prompt.registerRedirectUris(provider.label, uris),
      options,
      button.signIn(),
    )) !== undefined
  );
}

function describeRegistration(fields: RedirectFields): string {
  return prompt.redirectUriToRegister(redirectUrisOf(fields), usesAnyPort(fields));
}
