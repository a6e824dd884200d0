// The report's section about providers: every field, under its name in the settings.
import { parseUrl } from '../core/secureUrl.ts';
import { findFlow } from '../flows/signInFlows.ts';
import { SECOND } from '../core/clock.ts';
import type { Display, FieldRow, DisplayValues } from '../core/fieldRow.ts';
import type { Declarer } from '../core/parseProviders.ts';
import type { Provider } from '../core/provider.ts';
import { FIELD_ROWS } from '../core/providerFields.ts';
import { redirectUrisOf, usesAnyPort } from '../core/redirectUri.ts';
import type { ClientSecretState } from '../storage/clientSecrets.ts';
import { code, item, list, url } from './markdown.ts';

const CLIENT_SECRETS: Readonly<Record<ClientSecretState, string>> = {
  none: 'none',
  stored: 'in SecretStorage',
  lost: 'LOST: was set, but is missing from SecretStorage',
  unknown: 'unknown',
};

/** Returns the fields of a provider, and what follows from them. */
export function providerLines(
  provider: Provider,
  clientSecret: ClientSecretState,
  declarer: Declarer | undefined,
  isManaged: boolean,
): string[] {
  const uris = redirectUrisOf(provider).map(loopbackUrl).join(', ');
  return [
    `### ${code(provider.label)}`,
    ...FIELD_ROWS.map(([field, row]) => item(field, describe(provider[field], row))),
    item(
      'Configured in',
      isManaged
        ? 'settings of the organization'
        : declarer === undefined
          ? 'settings'
          : `the extension ${code(declarer.id)}`,
    ),
    item('Client secret', CLIENT_SECRETS[clientSecret]),
    item(
      'Redirect URIs to register',
      findFlow(provider.signInMethod)?.redirectsTo === 'editor'
        ? 'VS Code callback URI'
        : `${uris}${usesAnyPort(provider) ? ' (any port)' : ''}`,
    ),
  ];
}

function describe(value: unknown, { display, unitMs, unset = 'none' }: FieldRow): string {
  if (value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)) {
    return parseUrl(unset) !== undefined ? loopbackUrl(unset) : unset;
  }
  // The type of the row ensures that its display fits the value.
  return DISPLAYS[display](value as never, unitMs ?? 1);
}

const DISPLAYS: { readonly [Kind in Display]: (value: DisplayValues[Kind], unitMs: number) => string } = {
  value: (value) => code(String(value)),
  list,
  time: (value, unitMs) => `${value / unitMs} ${unitMs === SECOND ? 's' : 'min'}`,
  url,
  loopbackUrl,
  servers: (value) => value.map(({ label, url: address }) => `${code(label)} ${url(address)}`).join(', '),
  urls: (value) =>
    Object.entries(value)
      .flatMap(([name, address]) => (address === undefined ? [] : [`${name} ${url(address)}`]))
      .join(', '),
  lists: (value) =>
    Object.entries(value)
      .flatMap(([name, items]) => (items === undefined ? [] : [`${name} ${list(items)}`]))
      .join(', '),
  values: (value) => list(Object.values(value)),
  // The values can be personal, such as a login hint.
  names: (value) => list(Object.keys(value)),
};

/** Formats a loopback redirect URI, which is meant to be an `http:` URL. */
function loopbackUrl(uri: string): string {
  return code(uri.replace('http://', ''));
}
