// How to fill in the issuer and how to register a client, for each preset.
import * as vscode from 'vscode';
import type { PresetId } from './presets.ts';

const { l10n } = vscode;

/** What the wizard shows for one preset. */
interface PresetMessages {
  /** Absent if there is nothing to fill in. */
  issuer?(): string;
  client(): string;
}

/** The texts of each preset. */
export const PRESET_MESSAGES: Readonly<Record<PresetId, PresetMessages>> = {
  cognito: {
    issuer: () => l10n.t('Replace the region and the user pool ID. The user pool needs a domain for its sign-in page.'),
    client: () => l10n.t('In Amazon Cognito, create an app client without a secret for the authorization code grant.'),
  },
  auth0: {
    issuer: () => l10n.t('Replace the tenant, or use your custom domain. Keep the trailing slash.'),
    client: () => l10n.t('In Auth0, create an application of type Native with the Refresh Token grant.'),
  },
  authentik: {
    issuer: () => l10n.t('Replace the host of authentik and the slug of the application.'),
    client: () =>
      l10n.t(
        'In authentik, create an OAuth2/OpenID provider with client type Public and the offline_access scope mapping.',
      ),
  },
  'github-app': {
    client: () =>
      l10n.t(
        'On GitHub, create a GitHub App under Developer settings, with a client secret or Device Flow enabled. Use its client ID, not its app ID.',
      ),
  },
  'github-oauth': {
    client: () =>
      l10n.t('On GitHub, create an OAuth app under Developer settings, with a client secret or Device Flow enabled.'),
  },
  google: {
    client: () =>
      l10n.t('In Google Cloud, create an OAuth client of type Desktop app. You don’t need to register a redirect URI.'),
  },
  gitlab: {
    issuer: () => l10n.t('The URL of GitLab.com or your own GitLab instance'),
    client: () =>
      l10n.t(
        'In GitLab, create an application with Confidential turned off and the scopes openid, profile, and email.',
      ),
  },
  keycloak: {
    issuer: () => l10n.t('Replace the host of Keycloak and the name of the realm.'),
    client: () => l10n.t('In Keycloak, create a client with Standard flow on and Client authentication off.'),
  },
  entra: {
    issuer: () => l10n.t('Replace the tenant ID with the Directory (tenant) ID of your app registration.'),
    client: () =>
      l10n.t(
        'In Microsoft Entra, register an app for Mobile and desktop applications. You may need to add the redirect URI in its manifest.',
      ),
  },
  okta: {
    issuer: () =>
      l10n.t('Replace the organization. Remove /oauth2/default if you don’t have a custom authorization server.'),
    client: () => l10n.t('In Okta, create an OIDC app integration of type Native with the Refresh Token grant.'),
  },
  zitadel: {
    issuer: () => l10n.t('Replace the name of the instance, or use your custom domain.'),
    client: () => l10n.t('In ZITADEL, create a Native application with PKCE, and turn on Refresh Token.'),
  },
};
