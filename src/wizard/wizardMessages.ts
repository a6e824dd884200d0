// The texts that several steps of the wizard share, and its notifications.
import * as vscode from 'vscode';
import { sanitizeDisplayName } from '../core/failure.ts';
import { describeFieldProblem } from '../host/settingsMessages.ts';
import type { ValidationError } from './entryValidation.ts';

const { l10n } = vscode;

/** Title of every step for a new provider. */
export const addTitle = (): string => l10n.t('Add Provider');
/** Title of every step for an existing provider. */
export const editTitle = (name: string): string => l10n.t('Edit Provider {0}', sanitizeDisplayName(name));
/** Returns what is wrong with an answer. */
export const describeValidationError = (error: ValidationError): string =>
  'placeholder' in error
    ? l10n.t('Replace {0}.', error.placeholder)
    : error.code === 'missing'
      ? l10n.t('Enter a value.')
      : describeFieldProblem(error.code, error.field);
/** Prompt after something was copied, followed by the previous prompt. */
export const copied = (prompt: string): string => l10n.t('Copied. {0}', prompt);
/** Notification: a new provider is in the settings. */
export const providerSaved = (label: string): string =>
  l10n.t('{0} was added. You can sign in now, or later from the Accounts menu.', label);
/** Notification: the changes to a provider are in the settings. */
export const changesSaved = (label: string): string => l10n.t('Changes to {0} saved.', label);
/** Notification: the settings couldn’t be written. */
export const notSaved = (): string =>
  l10n.t('Couldn’t write to your settings. Check settings.json for errors and unsaved changes, then try again.');
