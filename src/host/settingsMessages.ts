// The problems in the settings.
import * as vscode from 'vscode';
import type { ProblemCode, SettingProblem } from '../core/parseProviders.ts';
import { SIGN_IN_METHODS } from '../core/provider.ts';
import { formatAlternatives, formatNumber, formatUnit } from './formatting.ts';
import { PREFIX } from './ids.ts';
import type { NumberProblem } from './numberSettings.ts';

const { l10n } = vscode;

/** Returns the problem in a field of an entry, without naming the entry. */
export const describeFieldProblem = (code: ProblemCode, field: string): string => FIELD_PROBLEMS[code](field);

/** The provider can't be changed. */
export const setByOrganization = (provider: string): string =>
  l10n.t("{0} is set by your organization and can't be changed.", provider);

/** The maximum number of problems in one message. */
const MAX_PROBLEMS = 3;

/** Returns the problem in an entry. */
export const describeEntryProblem = (problem: SettingProblem): string => describeEntryProblems([problem]);

/** Returns the first problems of an entry in one message. */
export function describeEntryProblems(problems: readonly [SettingProblem, ...SettingProblem[]]): string {
  const [{ declarer, entry, code: firstCode, isManaged }] = problems;
  if (firstCode === 'not-a-list') {
    return l10n.t('"sessionKeeper.providers" must be an array of providers.');
  }
  if (firstCode === 'managed-refused') {
    return l10n.t({
      message:
        "Your organization's settings in {0} aren't used because users can change them. Contact your administrator.",
      args: [entry],
      comment: ['{0} is a path.'],
    });
  }
  const problem = problems
    .slice(0, MAX_PROBLEMS)
    .map(({ code, field }) => FIELD_PROBLEMS[code](field))
    .join(' ');
  if (isManaged === true) {
    return entry === ''
      ? l10n.t({
          message: "Your organization's settings have a problem: {0} Contact your administrator.",
          args: [problem],
          comment: ['{0} is one or more sentences such as \'"issuer" is missing.\''],
        })
      : l10n.t({
          message: 'Your organization\'s settings have a problem with provider "{0}": {1} Contact your administrator.',
          args: [entry, problem],
          comment: ['{0} is an ID, {1} is one or more sentences such as \'"issuer" is missing.\''],
        });
  }
  if (declarer !== undefined) {
    return l10n.t({
      message: 'Provider "{0}" of the extension {1} is ignored: {2}',
      args: [entry, declarer.id, problem],
      comment: [
        '{0} is an ID, {1} is the ID of an extension, {2} is one or more sentences such as \'"issuer" is missing.\'',
      ],
    });
  }
  return /^\d+$/.test(entry)
    ? l10n.t({
        message: 'Provider #{0} in Settings is ignored: {1}',
        args: [entry, problem],
        comment: ['{0} is the position in a list, {1} is one or more sentences such as \'"issuer" is missing.\''],
      })
    : l10n.t({
        message: 'Provider "{0}" in Settings is ignored: {1}',
        args: [entry, problem],
        comment: ['{0} is an ID, {1} is one or more sentences such as \'"issuer" is missing.\''],
      });
}

/** Returns which setting is out of range or not a number, and the value that is used instead. */
export function describeNumberProblem({
  setting: { canBeOff, maximum, minimum, name, unit },
  used,
}: NumberProblem): string {
  const singular = unit === 'seconds' ? 'second' : 'minute';
  const args = [`${PREFIX}.${name}`, formatNumber(minimum), formatUnit(maximum, singular), formatUnit(used, singular)];
  return canBeOff
    ? l10n.t({
        message: '"{0}" must be 0 or between {1} and {2}. Using {3}.',
        args,
        comment: ['{0} is a setting, {1} is a number, {2} and {3} are durations such as "60 minutes".'],
      })
    : l10n.t({
        message: '"{0}" must be between {1} and {2}. Using {3}.',
        args,
        comment: ['{0} is a setting, {1} is a number, {2} and {3} are durations such as "60 minutes".'],
      });
}

const FIELD_PROBLEMS: Readonly<Record<ProblemCode, (field: string) => string>> = {
  'not-a-list': () => '',
  'not-an-object': () => l10n.t('it must be an object with at least "issuer" and "clientId".'),
  missing: (field) => l10n.t('"{0}" is missing.', field),
  'wrong-type': (field) => l10n.t('"{0}" has the wrong type.', field),
  'unknown-field': (field) => l10n.t('"{0}" isn\'t a known property.', field),
  'bad-id': () =>
    l10n.t(
      '"id" must start with a letter and contain only letters, digits, ".", "_", and "-" (at most 64 characters).',
    ),
  'id-of-built-in': () => l10n.t('"id" is used by VS Code or another extension. Choose a different one.'),
  'id-twice': () => l10n.t('another entry has the same ID.'),
  'id-declared-twice': () => l10n.t('another extension declares a provider with the same ID.'),
  'id-not-declared': (field) => l10n.t('"{0}" isn\'t declared in "contributes.authentication".', field),
  'id-managed': () => l10n.t('a provider with this ID is set by your organization.'),
  'managed-not-json': () => l10n.t("the file isn't a JSON object."),
  'managed-refused': () => '',
  'user-only-field': (field) => l10n.t('"{0}" can only be set by the user.', field),
  'bad-url': (field) => l10n.t('"{0}" must be a URL that starts with https:// and has no query.', field),
  'not-https': (field) =>
    l10n.t('"{0}" must start with https://. http:// is allowed only for servers on this computer.', field),
  'bad-scope': () => l10n.t('"scopes" must be an array of strings without spaces or quotes.'),
  'bad-sign-in-method': (field) =>
    l10n.t({
      message: '"{0}" must be {1}.',
      args: [field, formatAlternatives(SIGN_IN_METHODS.map((method) => `"${method}"`))],
      comment: ['{0} is a property, {1} is a list of the allowed values.'],
    }),
  'bad-port': (field) => l10n.t('"{0}" must be an array of 1 to 20 integers between 1 and 65535.', field),
  'bad-git-server': (field) =>
    l10n.t('"{0}" must be an array of URLs without a path, such as "https://git.example.com".', field),
  'bad-redirect-uri': (field) =>
    l10n.t(
      '"{0}" must be http:// with localhost, 127.0.0.1, or [::1], optionally followed by a port and a path.',
      field,
    ),
  'bad-session-token': (field) => l10n.t('"{0}" must be "access_token" or "id_token".', field),
  'bad-client-authentication': (field) => l10n.t('"{0}" must be "client_secret_basic" or "client_secret_post".', field),
  'bad-sign-out': (field) => l10n.t('"{0}" must be true, false, or "return".', field),
  'bad-endpoint': (field) => l10n.t('"{0}" must be a URL that starts with https://.', field),
  'bad-resource': (field) => l10n.t('"{0}" must be a URI without "#", or an array of such URIs.', field),
  'reserved-parameter': (field) =>
    l10n.t('"{0}" can\'t be set here because Session Keeper sets it, or because it must not be in settings.', field),
  'out-of-range': (field) => l10n.t('"{0}" must be a number between 1 and 1000000000.', field),
};
