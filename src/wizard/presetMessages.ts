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
    issuer: () =>
      l10n.t({
        message:
          'Replace {0} and {1} with the region and the ID of your user pool. It needs a domain for its sign-in page.',
        args: ['{region}', '{pool-id}'],
        comment: ['{0} and {1} are parts of the URL.'],
      }),
    client: () => l10n.t('In Amazon Cognito, create an app client without a secret for the authorization code grant.'),
  },
  auth0: {
    issuer: () =>
      l10n.t({
        message: 'Replace {0} with the name of your tenant, or use your custom domain. Keep the trailing slash.',
        args: ['{tenant}'],
        comment: ['{0} is a part of the URL.'],
      }),
    client: () => l10n.t('In Auth0, create an application of type Native with the Refresh Token grant.'),
  },
  authentik: {
    issuer: () =>
      l10n.t({
        message: 'Replace {0} with the host of your authentik server and {1} with the slug of the application.',
        args: ['{host}', '{application}'],
        comment: ['{0} and {1} are parts of the URL.'],
      }),
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
      l10n.t("In Google Cloud, create an OAuth client of type Desktop app. You don't need to register a redirect URI."),
  },
  gitlab: {
    issuer: () => l10n.t('The URL of GitLab.com or your own GitLab instance'),
    client: () =>
      l10n.t(
        'In GitLab, create an application with Confidential turned off and the scopes openid, profile, and email.',
      ),
  },
  keycloak: {
    issuer: () =>
      l10n.t({
        message: 'Replace {0} with the host of your Keycloak server and {1} with the name of the realm.',
        args: ['{host}', '{realm}'],
        comment: ['{0} and {1} are parts of the URL.'],
      }),
    client: () => l10n.t('In Keycloak, create a client with Standard flow on and Client authentication off.'),
  },
  entra: {
    issuer: () =>
      l10n.t({
        message: 'Replace {0} with the Directory (tenant) ID of your app registration.',
        args: ['{tenant-id}'],
        comment: ['{0} is a part of the URL.'],
      }),
    client: () =>
      l10n.t(
        'In Microsoft Entra, register an app for Mobile and desktop applications. You may need to add the redirect URI in its manifest.',
      ),
  },
  okta: {
    issuer: () =>
      l10n.t({
        message:
          "Replace {0} with the name of your organization. Remove /oauth2/default if you don't have a custom authorization server.",
        args: ['{organization}'],
        comment: ['{0} is a part of the URL.'],
      }),
    client: () => l10n.t('In Okta, create an OIDC app integration of type Native with the Refresh Token grant.'),
  },
  zitadel: {
    issuer: () =>
      l10n.t({
        message: 'Replace {0} with the name of your instance, or use your custom domain.',
        args: ['{instance}'],
        comment: ['{0} is a part of the URL.'],
      }),
    client: () => l10n.t('In ZITADEL, create a Native application with PKCE, and turn on Refresh Token.'),
  },
};
