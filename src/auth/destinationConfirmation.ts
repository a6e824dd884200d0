// Asks for confirmation before a sign-in opens a host that belongs neither to the issuer nor to the token endpoint.
import * as vscode from 'vscode';
import type { Provider } from '../core/provider.ts';
import { sanitizeDisplayName } from '../core/failure.ts';
import type { RememberedNames } from '../core/rememberedNames.ts';
import * as button from '../host/buttonLabels.ts';
import * as prompt from '../host/promptMessages.ts';
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
    if (confirmed.has(name)) {
      return true;
    }
    const selected = await vscode.window.showWarningMessage(
      prompt.unusualDestination(label, sanitizeDisplayName(pageHost)),
      { modal: true, detail: prompt.unusualDestinationDetail(sanitizeDisplayName(tokenHost)) },
      button.continueSignIn(),
    );
    if (selected !== undefined) {
      confirmed.add(name);
    }
    return selected !== undefined;
  };
}
