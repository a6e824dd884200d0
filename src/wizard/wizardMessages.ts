// What a person reads while adding a provider.
import * as vscode from 'vscode';
import { toFailure, sanitizeDisplayName } from '../core/failure.ts';
import type { Category } from '../core/failurePolicies.ts';
import { failureSentence } from '../host/failureMessages.ts';
import { problemWords } from '../host/messages.ts';
import type { CapabilityNote } from './capabilities.ts';
import type { ValidationError } from './entryValidation.ts';
import type { Preset, PresetId } from './presets.ts';
import type { RedirectKind } from './redirect.ts';

const { l10n } = vscode;

/** Title of every step, for a new provider. */
export const titleAdd = (): string => l10n.t('Add Provider');
/** Title of every step, for one that is there. */
export const titleEdit = (name: string): string => l10n.t('Edit Provider {0}', sanitizeDisplayName(name));

/** Step: which server. */
export const askServer = (): string => l10n.t('Which server do you want to sign in to?');
/** Pick: a server without a ready-made definition. */
export const labelOther = (): string => l10n.t('Another Server');
/** What that one needs. */
export const detailOther = (): string => l10n.t('Any OpenID Connect or OAuth 2 server, by the address of its issuer.');
/** Heading above the ready-made definitions. */
export const labelReadyMade = (): string => l10n.t('Ready-made');
/** Heading above the providers that are there. */
export const labelExisting = (): string => l10n.t('Edit one that is there');

/** Step: the issuer; with what to fill in, where a ready-made definition knows. */
export const askIssuer = (preset: Preset | undefined): string =>
  (preset && PRESETS[preset.id].issuer?.()) ??
  l10n.t('The address of the issuer, as the server gives it. It is asked at once what it can do.');
/** What stands in that box while it is empty. */
export const sampleIssuer = (): string => 'https://id.example.com';
/** What is wrong with what was typed. */
export const sayInvalid = (error: ValidationError): string =>
  'placeholder' in error
    ? l10n.t('Fill in {0}.', error.placeholder)
    : error.code === 'missing'
      ? l10n.t('Nothing is entered yet.')
      : problemWords(error.code, error.field);
/** Why the server was not found, and how to go on. Nobody has a session there yet, so what becomes of one is not told. */
export function sayNotFound(error: unknown, place: string): string {
  const why = WHY_NOT_FOUND[toFailure(error).category]?.(place) ?? failureSentence(error, place);
  return l10n.t('{0} Correct the address, or press Enter again to go on anyway.', why);
}

const WHY_NOT_FOUND: Readonly<Partial<Record<Category, (place: string) => string>>> = {
  network: (place) => l10n.t('{0} cannot be reached, or takes too long to answer.', place),
  server: (place) => l10n.t('{0} has a problem of its own and cannot answer now.', place),
  'unexpected-html': (place) =>
    l10n.t('{0} answers with a web page: a login page of the network, a proxy, or a wrong address.', place),
  proxy: (place) => l10n.t('The proxy between this computer and {0} refuses to pass requests on.', place),
  certificate: (place) =>
    l10n.t(
      'The certificate of {0} is not trusted by this computer. A company’s own certificate may have to be installed.',
      place,
    ),
  'no-server': () => l10n.t('There is no OpenID Connect or OAuth server at this address.'),
  'issuer-mismatch': () =>
    l10n.t(
      'The server at this address calls itself something else: open it in a browser with /.well-known/openid-configuration at the end, and copy “issuer” from there.',
    ),
};

/** Step: what the server has said of itself. */
export const askFound = (place: string): string =>
  l10n.t('{0} has answered. This is what it offers.', sanitizeDisplayName(place));
/** Step: what a server would say of itself that does not. */
export const askKnown = (name: string): string =>
  l10n.t('{0} does not describe itself. This is what is known of it.', sanitizeDisplayName(name));
/** Pick: go on to the next step. */
export const labelGoOn = (): string => l10n.t('Continue');
/** Heading above what the server offers. */
export const labelOffers = (): string => l10n.t('What the server says of itself');

/** One thing that the server's word means, in words. */
export function factWords(fact: CapabilityNote): string {
  return FACTS[fact]();
}

const FACTS: Readonly<Record<CapabilityNote, () => string>> = {
  browser: () => l10n.t('You can sign in in the browser.'),
  'no-browser': () => l10n.t('It does not offer signing in in the browser.'),
  device: () => l10n.t('You can sign in with a code, on any device.'),
  pkce: () => l10n.t('It protects the sign-in with PKCE (S256).'),
  'pkce-unsaid': () => l10n.t('It does not say whether it knows PKCE; it is used all the same.'),
  'renews-with-scope': () => l10n.t('Sessions can renew themselves, with the scope “offline_access”.'),
  renews: () => l10n.t('Sessions can renew themselves.'),
  'no-expiry': () => l10n.t('Its tokens do not run out, so there is nothing to renew.'),
  'renewal-unsaid': () => l10n.t('It does not say whether sessions can renew themselves.'),
  secret: () => l10n.t('It may want a client secret.'),
  'secret-required': () => l10n.t('It wants the client secret that it gives with the client id.'),
  'secret-for-browser': () =>
    l10n.t('It wants a client secret for signing in in the browser, and none for signing in with a code.'),
  'no-revocation': () => l10n.t('It cannot be told to revoke tokens when you sign out.'),
};

/** Step: the redirect URI. */
export const askRedirect = (): string => l10n.t('Which redirect URIs does the server accept?');
/** Pick: what the server accepts. */
export const REDIRECT_KINDS: Readonly<Record<RedirectKind, () => string>> = {
  'any-port': () => l10n.t('Any Port on 127.0.0.1'),
  ports: () => l10n.t('A Fixed Port'),
  'redirect-uri': () => l10n.t('A Redirect URI That’s Already Registered'),
};
/** Beside the pick that is right at most servers. */
export const labelRecommended = (): string => l10n.t('Recommended');
/** Below a pick: what to register for it, or when it is right. */
export function detailRedirect(kind: RedirectKind, uris: readonly string[]): string {
  if (uris.length > 0) {
    return kind === 'any-port'
      ? l10n.t('Register {0}, for any port.', uris.join(', '))
      : l10n.t('Register exactly {0}.', uris.join(', '));
  }
  return kind === 'ports'
    ? l10n.t('For a server that compares the whole redirect URI.')
    : l10n.t('For a client that exists, or a server that requires localhost or another path.');
}
/** Step: the ports. */
export const askPorts = (): string => l10n.t('Enter a port, or several separated by commas.');
/** Step: the redirect URI that is registered. */
export const askRedirectUri = (): string => l10n.t('Enter the redirect URI exactly as it’s registered at the server.');
/** Button: copy what has to be registered. */
export const labelCopyUris = (): string => l10n.t('Copy Redirect URI');
/** Line of the summary: the redirect URI. */
export const lineRedirect = (uris: readonly string[], isAnyPort: boolean): string =>
  isAnyPort ? l10n.t('{0} (any port)', uris.join(', ')) : uris.join(', ');

/** Step: the client id; with the redirect addresses to register, and where, where that is known. */
export function askClient(preset: Preset | undefined, addresses: readonly string[], isAnyPort: boolean): string {
  const all = addresses.join(' , ');
  const register =
    addresses.length === 0
      ? ''
      : isAnyPort
        ? l10n.t('Redirect address to register: {0} (any port).', all)
        : l10n.t('Redirect addresses to register, each of them: {0}', all);
  const where =
    preset === undefined
      ? l10n.t('Register a public or native client with PKCE, best without a secret.')
      : PRESETS[preset.id].client();
  return `${where} ${register}`.trim();
}
/** What stands in that box while it is empty. */
export const sampleClient = (): string => l10n.t('The client id that the server gives');
/** Button: copy the redirect addresses. */
export const labelCopyAddresses = (): string => l10n.t('Copy the Redirect Addresses');
/** Button: the page that tells how to register the client. */
export const labelPage = (): string => l10n.t('How to Register It, Step by Step');
/** Said once they are copied, before what was said already. */
export const sayCopied = (said: string): string => l10n.t('Copied. {0}', said);

/** Step: the client's secret, where there is one. */
export function askSecret(isThere: boolean, preset: Preset | undefined): string {
  if (isThere) {
    return l10n.t('The client secret. One is there already; leave this empty to keep it.');
  }
  switch (preset?.secret) {
    case 'required':
      return l10n.t(
        'The client secret that comes with the client id. It goes into the secret storage, never into the settings.',
      );
    case 'for-browser':
      return l10n.t(
        'The client secret. Leave this empty to sign in with a code instead. It goes into the secret storage, never into the settings.',
      );
    case 'none':
    case undefined:
      return l10n.t(
        'The client secret, if the server has given one; else leave this empty. It goes into the secret storage, never into the settings.',
      );
  }
}
/** What is wrong with leaving it empty. */
export const saySecretMissing = (preset: Preset): string =>
  l10n.t('{0} takes no sign-in without the client secret.', preset.name);

/** Step: the scopes. */
export const askScopes = (): string => l10n.t('What to ask the server for. Type to find a scope, or to add one.');
/** Beside a scope that the server has not named. */
export const labelNotNamed = (): string => l10n.t('not named by the server');

/** What a scope is good for, where that is the same everywhere (OpenID Connect Core 5.4 and 11). */
export const scopeWords = (scope: string): string => SCOPES[scope]?.() ?? '';

const SCOPES: Readonly<Record<string, () => string>> = {
  openid: () => l10n.t('says who you are; needed with OpenID Connect'),
  profile: () => l10n.t('your name'),
  email: () => l10n.t('your e-mail address'),
  offline_access: () => l10n.t('keeps you signed in: the session renews itself'),
};

/** Step: the label. */
export const askLabel = (): string => l10n.t('What VS Code calls this provider.');
/** Step: the id. */
export const askId = (): string =>
  l10n.t('The id that other extensions pass to getSession. Another id later makes another provider.');

/** Step: the summary. */
export const askSummary = (): string => l10n.t('All there. Choose a line to change it.');
/** Pick: save, and sign in. */
export const labelSignInNow = (): string => l10n.t('Sign In Now');
/** What that does. */
export const detailSignInNow = (): string =>
  l10n.t('Saves the provider to your user settings, and opens the sign-in page.');
/** Pick: save. */
export const labelSave = (): string => l10n.t('Save');
/** Names of the lines of the summary. */
export const LINES = {
  label: (): string => l10n.t('Label'),
  id: (): string => l10n.t('Id'),
  issuer: (): string => l10n.t('Issuer'),
  redirect: (): string => l10n.t('Redirect URI'),
  client: (): string => l10n.t('Client id'),
  secret: (): string => l10n.t('Client secret'),
  scopes: (): string => l10n.t('Scopes'),
} as const;
/** Line of the summary: a secret was typed. */
export const sayGiven = (): string => l10n.t('given');
/** Line of the summary: no secret was typed, and there is none. */
export const sayNone = (): string => l10n.t('none');
/** Line of the summary: no secret was typed, and the one that is there stays. */
export const sayKept = (): string => l10n.t('the one that is there');
/** Notification: the provider is in the settings. */
export const saySaved = (label: string): string =>
  l10n.t('{0} is set up. Sign in from the Accounts menu, or from here.', label);
/** Notification: the changes to a provider are in the settings. */
export const sayChanged = (label: string): string => l10n.t('The changes to {0} are saved.', label);
/** Notification: the settings could not be written. */
export const sayNotSaved = (): string =>
  l10n.t('The settings could not be written. Is there a mistake in their file, or is it open with changes?');

/** What to fill in into an issuer, and how to register a client, at one product. */
interface PresetWords {
  /** Absent where there is nothing to fill in. */
  issuer?(): string;
  client(): string;
}

const PRESETS: Readonly<Record<PresetId, PresetWords>> = {
  cognito: {
    issuer: () => l10n.t('The region and the id of the user pool. The pool needs a domain for its sign-in page.'),
    client: () => l10n.t('At Amazon Cognito: an app client without a secret, with the authorization code grant.'),
  },
  auth0: {
    issuer: () => l10n.t('The domain of the tenant, or your own, with the slash at the end.'),
    client: () => l10n.t('At Auth0: an application of the type Native, with the grant Refresh Token.'),
  },
  authentik: {
    issuer: () => l10n.t('The host of authentik, and the slug of the application.'),
    client: () =>
      l10n.t('At authentik: an OAuth2/OpenID provider, client type Public, with the scope mapping offline_access.'),
  },
  'github-app': {
    client: () =>
      l10n.t(
        'At GitHub, under Developer settings: a GitHub App; its client id, not its app id. With a client secret, or Device Flow enabled.',
      ),
  },
  'github-oauth': {
    client: () =>
      l10n.t('At GitHub, under Developer settings: an OAuth app. With a client secret, or Device Flow enabled.'),
  },
  google: {
    issuer: () => l10n.t('Google has one issuer for everybody.'),
    client: () =>
      l10n.t('At Google Cloud: an OAuth client of the type Desktop app. There is no redirect address to register.'),
  },
  gitlab: {
    issuer: () => l10n.t('GitLab.com, or the address of your own GitLab.'),
    client: () =>
      l10n.t('At GitLab: an application that is not Confidential, with the scopes openid, profile and email.'),
  },
  keycloak: {
    issuer: () => l10n.t('The host of Keycloak, and the name of the realm.'),
    client: () => l10n.t('At Keycloak: a client with Standard flow on and Client authentication off.'),
  },
  entra: {
    issuer: () => l10n.t('The Directory (tenant) ID of the app registration.'),
    client: () =>
      l10n.t(
        'At Microsoft Entra: an app registration with Mobile and desktop applications; 127.0.0.1 may have to be entered in its manifest.',
      ),
  },
  okta: {
    issuer: () =>
      l10n.t('The organisation, and the authorization server. Without one of your own, leave /oauth2/default out.'),
    client: () => l10n.t('At Okta: an OIDC app integration of the type Native, with the grant Refresh Token.'),
  },
  zitadel: {
    issuer: () => l10n.t('The name of the instance, or your own domain.'),
    client: () => l10n.t('At ZITADEL: an application of the type Native with PKCE, with Refresh Token on.'),
  },
};
