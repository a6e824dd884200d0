// What is wrong in the settings.
import * as vscode from 'vscode';
import type { ProblemCode, SettingProblem } from '../core/parseProviders.ts';
import { SIGN_IN_METHODS } from '../core/provider.ts';
import { PREFIX } from './ids.ts';
import type { NumberProblem } from './numberSettings.ts';

const { l10n } = vscode;

/** Returns what is wrong with a field of an entry, without naming the entry. */
export const describeFieldProblem = (code: ProblemCode, field: string): string => FIELD_PROBLEMS[code](field);

/** Returns what is wrong with an entry. */
export function describeEntryProblem({ entry, field, code }: SettingProblem): string {
  if (code === 'not-a-list') {
    return l10n.t('"sessionKeeper.providers" must be a list of providers.');
  }
  const name = /^\d+$/.test(entry)
    ? l10n.t('Provider number {0} in the settings', entry)
    : l10n.t('Provider “{0}” in the settings', entry);
  return l10n.t('{0} is not used: {1}', name, FIELD_PROBLEMS[code](field));
}

/** Returns which setting is out of range or not a number, and the value that is used instead. */
export function describeNumberProblem({
  setting: { canBeOff, maximum, minimum, name, unit },
  used,
}: NumberProblem): string {
  const key = `${PREFIX}.${name}`;
  if (unit === 'seconds') {
    return l10n.t('"{0}" must be between {1} and {2} seconds. {3} is used.', key, minimum, maximum, used);
  }
  return canBeOff
    ? l10n.t('"{0}" must be 0 or between {1} and {2} minutes. {3} is used.', key, minimum, maximum, used)
    : l10n.t('"{0}" must be between {1} and {2} minutes. {3} is used.', key, minimum, maximum, used);
}

const FIELD_PROBLEMS: Readonly<Record<ProblemCode, (field: string) => string>> = {
  'not-a-list': () => '',
  'not-an-object': () => l10n.t('it must be an object with at least "issuer" and "clientId".'),
  missing: (field) => l10n.t('"{0}" is missing.', field),
  'wrong-type': (field) => l10n.t('"{0}" is of the wrong type.', field),
  'unknown-field': (field) => l10n.t('"{0}" is not a known field.', field),
  'bad-id': () => l10n.t('"id" must start with a letter and hold letters, digits, ".", "_" and "-" only, 64 at most.'),
  'id-of-built-in': () =>
    l10n.t('"id" belongs to a provider of VS Code itself or of another extension. Choose another.'),
  'id-twice': () => l10n.t('another entry has the same "id". Give each its own.'),
  'bad-url': (field) => l10n.t('"{0}" must be an address that starts with https:// and has no query.', field),
  'not-https': (field) =>
    l10n.t('"{0}" must start with https://; http:// is for servers on this computer only.', field),
  'bad-scope': () => l10n.t('"scopes" must be a list of words without spaces or quotes.'),
  'bad-sign-in-method': (field) =>
    l10n.t('"{0}" must be one of {1}.', field, SIGN_IN_METHODS.map((method) => `"${method}"`).join(', ')),
  'bad-port': (field) => l10n.t('"{0}" must be a list of 1 to 20 whole numbers between 1 and 65535.', field),
  'bad-git-server': (field) =>
    l10n.t(
      '"{0}" must list URLs of git servers that start with https:// and have no path, such as https://git.example.com',
      field,
    ),
  'bad-redirect-uri': (field) =>
    l10n.t(
      '"{0}" must be http:// with localhost, 127.0.0.1 or [::1], optionally a port and a path, and nothing else.',
      field,
    ),
  'bad-session-token': (field) => l10n.t('"{0}" must be "access_token" or "id_token".', field),
  'bad-client-authentication': (field) => l10n.t('"{0}" must be client_secret_basic or client_secret_post.', field),
  'bad-sign-out': (field) => l10n.t('"{0}" must be true, false or "return".', field),
  'bad-endpoint': (field) => l10n.t('"{0}" must be an address that starts with https://.', field),
  'bad-resource': (field) => l10n.t('"{0}" must be an address, or a list of them, without "#".', field),
  'reserved-parameter': (field) =>
    l10n.t('"{0}" is set by Session Keeper itself, by a field of its own, or must not stand in the settings.', field),
  'out-of-range': (field) => l10n.t('"{0}" must be a number between 1 and 1000000000.', field),
};
