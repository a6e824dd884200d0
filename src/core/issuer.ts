// Comparing issuers, which may differ by a trailing slash, or by a tenant that the server's metadata leaves open.
import { parseUrl } from './secureUrl.ts';

/** The placeholder for the tenant in the issuer of a multitenant server (Microsoft Entra). */
const TENANT_PLACEHOLDER = '{tenantid}';

/**
 * Whether metadata that reports one issuer belongs to a configured issuer: both are the same except for a trailing
 * slash, which OpenID Connect Discovery 1.0 section 4.1 and RFC 8414 section 3.1 remove before the request, so that
 * both have the same metadata; or the metadata has a placeholder for the tenant. The origin must always be the same,
 * because the issuer distinguishes the responses of servers (RFC 9207).
 */
export function isSameIssuer(reported: string, configured: string): boolean {
  const origin = parseUrl(reported)?.origin;
  if (origin === undefined || origin !== parseUrl(configured)?.origin) {
    return false;
  }
  return (
    withoutTrailingSlash(reported) === withoutTrailingSlash(configured) || matchesTenantTemplate(configured, reported)
  );
}

/** Whether a string can be an issuer: an http or https URL without query, fragment and credentials. */
export function isIssuerUrl(value: string): boolean {
  // `URL` corrects malformed URLs, but issuers are compared as strings, so it must be valid as it is.
  return /^https?:\/\/[^?#@\s\\]+$/.test(value) && parseUrl(value) !== undefined;
}

/**
 * Converts a well-known metadata URL to its issuer. OpenID Connect Discovery 1.0 puts the well-known part at the end,
 * RFC 8414 section 3.1 between host and path. Any other text is returned unchanged.
 */
export function withoutWellKnown(text: string): string {
  return text.replace(
    /^(https?:\/\/[^/?#]+(?:\/[^?#]*)?)?\/\.well-known\/(?:openid-configuration|oauth-authorization-server)(?=\/|$)\/?([^?#]*)$/i,
    (_, before: string | undefined, after: string) => {
      return before === undefined ? text : after === '' ? before : `${before}/${after}`;
    },
  );
}

/** Whether an issuer matches a template with a tenant in place of the placeholder. */
export function matchesTenantTemplate(issuer: string, template: string): boolean {
  const [before = '', after, ...more] = template.split(TENANT_PLACEHOLDER);
  if (after === undefined || more.length > 0 || !issuer.startsWith(before) || !issuer.endsWith(after)) {
    return false;
  }
  return /^[\w.-]+$/.test(issuer.slice(before.length, issuer.length - after.length));
}

/** The words in place of a tenant that stand for several tenants (Microsoft Entra). */
const ANY_TENANT = /^(?:common|organizations|consumers)$/i;

/**
 * The issuer that metadata reports, with the tenant that the configured issuer names: an ID token of another tenant
 * isn't from that issuer (OpenID Connect Discovery 1.0 section 4.3). The placeholder stays only if the configured issuer
 * is for several tenants.
 */
export function withConfiguredTenant(reported: string, configured: string): string {
  const [before = '', after = ''] = reported.split(TENANT_PLACEHOLDER);
  const tenant = withoutTrailingSlash(configured).slice(
    before.length,
    withoutTrailingSlash(configured).length - withoutTrailingSlash(after).length,
  );
  const isPinned = reported.includes(TENANT_PLACEHOLDER) && tenant !== TENANT_PLACEHOLDER && !ANY_TENANT.test(tenant);
  return isPinned ? reported.replace(TENANT_PLACEHOLDER, () => tenant) : reported;
}

/**
 * Replaces the placeholder with a tenant, which is the `tid` claim of a token. Unchanged without a tenant or a
 * placeholder.
 */
export function resolveTenantIssuer(template: string, tenant: unknown): string {
  return typeof tenant === 'string' && /^[\w-]+$/.test(tenant)
    ? template.replace(TENANT_PLACEHOLDER, tenant)
    : template;
}

/** Whether a token with this `iss` and `tid` can be from the server with a configured issuer. */
export function isIssuedBy(iss: unknown, tenant: unknown, configured: string): boolean {
  if (typeof iss !== 'string') {
    return false;
  }
  return (
    isSameIssuer(iss, configured) ||
    (typeof tenant === 'string' && tenant !== '' && isSameIssuer(iss.replace(tenant, TENANT_PLACEHOLDER), configured))
  );
}

/** An issuer without its trailing slash. */
export const withoutTrailingSlash = (issuer: string): string => issuer.replace(/\/$/, '');
