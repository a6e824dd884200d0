// Asks for confirmation before a sign-in opens a host that belongs neither to the issuer nor to the token endpoint, and before
// the first sign-in to a provider that another extension declares.
import * as vscode from 'vscode';
import type { Declarer } from '../core/parseProviders.ts';
import type { Provider } from '../core/provider.ts';
import { sanitizeDisplayName } from '../core/failure.ts';
import type { RememberedNames } from '../core/rememberedNames.ts';
import { credentialOrigins, serverKeyOf } from '../core/serverIdentity.ts';
import * as button from '../host/buttonLabels.ts';
import * as prompt from '../host/promptMessages.ts';
import { confirmOnce, createRememberedNames } from '../host/rememberedNames.ts';
import type { Settings } from '../host/settings.ts';
import type { UnusualDestination } from '../protocol/destinations.ts';

/**
 * Returns a function that asks the user once for each combination of hosts.
 * @param confirmed the combinations that the user has confirmed.
 */
export function createDestinationConfirmation(
  confirmed: RememberedNames,
): (provider: Provider, destination: UnusualDestination) => Promise<boolean> {
  return async ({ label }, { issuer, pageHost, tokenHost }) => {
    const name = JSON.stringify([issuer, pageHost, tokenHost]);
    return confirmOnce(confirmed, name, () =>
      vscode.window.showWarningMessage(
        prompt.unusualDestination(label, sanitizeDisplayName(pageHost)),
        { modal: true, detail: prompt.unusualDestinationDetail(sanitizeDisplayName(tokenHost)) },
        button.continueSignIn(),
      ),
    );
  };
}

/**
 * Returns a function that asks the user once for each provider that an extension declares, and again if its issuer, client ID,
 * or the origins change to which credentials are sent.
 * @param confirmed what the user has confirmed.
 */
export function createDeclaredConfirmation(
  confirmed: RememberedNames,
  declarerOf: (id: string) => Declarer | undefined,
): (provider: Provider) => Promise<boolean> {
  return async (provider) => {
    const declarer = declarerOf(provider.id);
    if (declarer === undefined) {
      return true;
    }
    const name = JSON.stringify([declarer.id, provider.id, serverKeyOf(provider)]);
    const hosts = [...new Set([new URL(provider.issuer).origin, ...credentialOrigins(provider)])].map((origin) =>
      sanitizeDisplayName(new URL(origin).host),
    );
    return confirmOnce(confirmed, name, () =>
      vscode.window.showInformationMessage(
        prompt.declaredProvider(declarer.name, provider.label),
        { modal: true, detail: prompt.declaredProviderDetail(declarer.id, hosts) },
        button.continueSignIn(),
      ),
    );
  };
}

/** Returns both functions, which remember what the user has confirmed. */
export function createConfirmations(
  memento: vscode.Memento,
  settings: Pick<Settings, 'declarerOf'>,
): {
  readonly confirmDeclared: ReturnType<typeof createDeclaredConfirmation>;
  readonly confirmDestination: ReturnType<typeof createDestinationConfirmation>;
} {
  const names = (key: string): RememberedNames => createRememberedNames(memento, key);
  return {
    confirmDeclared: createDeclaredConfirmation(names('declared'), (id) => settings.declarerOf(id)),
    confirmDestination: createDestinationConfirmation(names('destinations')),
  };
}
