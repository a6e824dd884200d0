// The texts that several steps of the wizard share, and its notifications.
import * as vscode from 'vscode';
import { sanitizeDisplayName } from '../core/failure.ts';
import type { ProblemCode } from '../core/parseProviders.ts';
import { describeFieldProblem, setByOrganization } from '../host/settingsMessages.ts';
import type { EditableProvider, ProviderSource } from './editableProviders.ts';
import type { ValidationError } from './entryValidation.ts';

const { l10n } = vscode;

/** Title of every step for a new provider. */
export const addTitle = (): string => l10n.t('Add Provider');
/** The list of providers to edit. */
export const editList = (): { readonly title: string; readonly placeHolder: string } => ({
  title: l10n.t('Edit Provider'),
  placeHolder: l10n.t('Select a provider to edit'),
});
/** Detail in that list: who configures a provider. */
export const describeSource = (source: ProviderSource): string =>
  'extension' in source
    ? l10n.t('From the extension {0}', sanitizeDisplayName(source.extension))
    : l10n.t('Set by your organization');
/** Notification: why the wizard doesn't edit a provider. */
export const explainSource = ({ id, name }: EditableProvider, source: ProviderSource): string =>
  'extension' in source
    ? l10n.t(
        '{0} comes from the extension {1}. To change single fields, add an entry with the ID "{2}" to your settings.',
        name,
        sanitizeDisplayName(source.extension),
        id,
      )
    : source.isLocked
      ? setByOrganization(name)
      : l10n.t(
          '{0} is set by your organization. To change single fields, add an entry with the ID "{1}" to your settings.',
          name,
          id,
        );
/** Title of every step for an existing provider. */
export const editTitle = (name: string): string => l10n.t('Edit Provider {0}', sanitizeDisplayName(name));
/** Returns what is wrong with an answer. */
export const describeValidationError = (error: ValidationError): string =>
  'placeholder' in error
    ? l10n.t('Replace {0}.', error.placeholder)
    : error.code === 'missing'
      ? l10n.t('Enter a value.')
      : (ANSWER_PROBLEMS[error.code]?.() ?? describeFieldProblem(error.code, error.field));

/** What is wrong with an answer, by its problem as a field of the settings. */
const ANSWER_PROBLEMS: Readonly<Partial<Record<ProblemCode, () => string>>> = {
  'bad-url': () => l10n.t('The issuer URL must start with https:// and have no query.'),
  'not-https': () =>
    l10n.t('The issuer URL must start with https://. http:// is allowed only for servers on this computer.'),
  'bad-port': () => l10n.t('Enter 1 to 20 ports between 1 and 65535.'),
  'bad-redirect-uri': () =>
    l10n.t(
      'The redirect URI must be http:// with localhost, 127.0.0.1, or [::1], optionally followed by a port and a path.',
    ),
  'bad-scope': () => l10n.t("A scope can't contain spaces, quotes, or backslashes."),
  'bad-id': () =>
    l10n.t(
      'The provider ID must start with a letter and contain only letters, digits, ".", "_", and "-" (at most 64 characters).',
    ),
  'id-of-built-in': () => l10n.t('This provider ID is used by VS Code or another extension. Choose a different one.'),
  'id-twice': () => l10n.t('Another provider has this ID. Choose a different one.'),
};

/** Prompt after something was copied, followed by the previous prompt. */
export const copied = (prompt: string): string => l10n.t('Copied. {0}', prompt);
/** Notification: a new provider is in the settings. */
export const providerSaved = (label: string): string =>
  l10n.t('Added {0}. You can sign in now, or later from the Accounts menu.', label);
/** Notification: the changes to a provider are in the settings. */
export const changesSaved = (label: string): string => l10n.t('Saved changes to {0}.', label);
/** Notification: the settings couldn't be written. */
export const notSaved = (): string =>
  l10n.t("Couldn't write to your settings. Check settings.json for errors and unsaved changes, then try again.");

/** A link that proposes a provider has been copied. */
export const linkCopied = (provider: string): string =>
  l10n.t('Link copied. It contains the issuer, client ID, and label of {0}.', provider);
/** Dialog: before a provider that a link proposes is shown. */
export const linkQuestion = (provider: string): string => l10n.t('Add the provider "{0}" from a link?', provider);
/** Dialog: where the user signs in. */
export const linkDetail = (host: string, clientId: string): string =>
  l10n.t({
    message: 'You sign in at {0} with the client ID "{1}". Continue only if you trust the sender of the link.',
    args: [host, clientId],
    comment: ['{0} is a host.'],
  });
/** The provider that a link proposes is already there. */
export const linkKnown = (provider: string): string => l10n.t('{0} was already added.', provider);
/** A link can't be used. */
export const linkInvalid = (field: string): string =>
  l10n.t({
    message: 'The link to add a provider is invalid ({0}). Ask its sender for a new one.',
    args: [field],
    comment: ['{0} is the name of a parameter.'],
  });
