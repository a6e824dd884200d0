// What the start of the extension shows outside of the status bar.
import * as vscode from 'vscode';

const { l10n } = vscode;

/** The label of the provider that has no configuration, in VS Code's own dialogs. */
export const unconfiguredProviderLabel = (): string => l10n.t('OpenID Connect');
/** The error, and the content of the diagnostics, if the bundle that is loaded on demand can't be loaded. */
export const bundleLoadFailed = (): string =>
  l10n.t("Session Keeper couldn't load one of its components, probably because it was updated. Reload the window.");
