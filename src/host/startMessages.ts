// What the start of the extension shows outside of the status bar.
import * as vscode from 'vscode';

const { l10n } = vscode;

/** The label of the provider that has no configuration, in VS Code’s own dialogs. */
export const unconfiguredProviderLabel = (): string => l10n.t('OpenID Connect');
/** The error, and the content of the diagnostics, if the bundle that is loaded on demand can’t be loaded. */
export const bundleLoadFailed = (): string =>
  l10n.t(
    'A part of Session Keeper cannot be loaded: the extension was probably updated while this window was open. Reload the window.',
  );
