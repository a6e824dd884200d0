// How to fill in the issuer and how to register a client, for each preset.
import * as vscode from 'vscode';
import type { PresetId } from './presets.ts';

const { l10n } = vscode;

/** What the wizard shows for one preset. */
interface PresetMessages {
  /** Absent where there is nothing to fill in. */
  issuer?(): string;
  client(): string;
}

/** The texts of each preset. */
export const PRESET_MESSAGES: Readonly<Record<PresetId, PresetMessages>> = {
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
