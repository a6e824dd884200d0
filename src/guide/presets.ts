// Ready-made definitions: what is special about well-known servers, so that a person fills in only what is theirs.
import { DEFAULT_SCOPES, type Way } from '../core/provider.ts';

/** What is known of one product before its server is asked. The words for people stand in the editor's room, by its id. */
export interface Preset {
  readonly id: PresetId;
  /** The product's name, which is not translated. */
  readonly name: string;
  /** Its issuer, to the letter, with what to fill in between braces. */
  readonly issuer: string;
  /** What a sign-in asks for. Where a refresh token comes without `offline_access`, or the scope is refused, it is left out. */
  readonly scopes: readonly string[];
  /** The ports to register one by one, where the product compares the whole redirect address (against RFC 8252 section 7.3). */
  readonly redirectPorts?: readonly number[];
  /** The way to sign in, where the usual one cannot be registered. */
  readonly signInWay?: Way;
}

/** The ids of the ready-made definitions. */
export type PresetId = 'keycloak' | 'auth0' | 'okta' | 'entra' | 'gitlab' | 'authentik' | 'zitadel' | 'cognito';

const WITHOUT_OFFLINE: readonly string[] = DEFAULT_SCOPES.filter((scope) => scope !== 'offline_access');

/** Ports below those that systems give out by themselves, and assigned to nobody. */
const PORTS: readonly number[] = [28_461, 28_462, 28_463];

/**
 * The ready-made definitions, by name. All of them have clients without a secret. GitHub is no OpenID provider, and
 * Google gives a refresh token only for a parameter of its own (`access_type`), so neither can be among them.
 */
export const PRESETS: readonly Preset[] = [
  // Cognito takes http: for "localhost" by name only, and schemes of programs; it refuses offline_access and sends a refresh token anyway.
  { id: 'cognito', name: 'Amazon Cognito', issuer: 'https://cognito-idp.{region}.amazonaws.com/{pool-id}', scopes: WITHOUT_OFFLINE, signInWay: 'uri' },
  { id: 'auth0', name: 'Auth0', issuer: 'https://{tenant}.auth0.com/', scopes: DEFAULT_SCOPES, redirectPorts: PORTS },
  { id: 'authentik', name: 'authentik', issuer: 'https://{host}/application/o/{application}/', scopes: DEFAULT_SCOPES, redirectPorts: PORTS },
  // GitLab knows no offline_access, and every token of it comes with a refresh token.
  { id: 'gitlab', name: 'GitLab', issuer: 'https://gitlab.com', scopes: WITHOUT_OFFLINE },
  { id: 'keycloak', name: 'Keycloak', issuer: 'https://{host}/realms/{realm}', scopes: DEFAULT_SCOPES },
  { id: 'entra', name: 'Microsoft Entra ID', issuer: 'https://login.microsoftonline.com/{tenant-id}/v2.0', scopes: DEFAULT_SCOPES },
  { id: 'okta', name: 'Okta', issuer: 'https://{organisation}.okta.com/oauth2/default', scopes: DEFAULT_SCOPES, redirectPorts: PORTS },
  { id: 'zitadel', name: 'ZITADEL', issuer: 'https://{instance}.zitadel.cloud', scopes: DEFAULT_SCOPES },
];

/** The first thing to fill in in a text, braces included; undefined where nothing is left. */
export function placeholderIn(text: string): string | undefined {
  return /\{[^{}]*\}/.exec(text)?.[0];
}
