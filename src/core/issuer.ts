// Issuers that differ and are one: by a slash at the end, or by the tenant in the place that a server leaves open.

/** What stands for the tenant in the issuer of a server with many (Microsoft Entra). */
const TENANT_PLACEHOLDER = '{tenantid}';

/**
 * Whether the description of a server that is found at a configured issuer may call itself by this name: the same but
 * for a slash at the end, which both OpenID Connect Discovery 1.0 section 4.1 and RFC 8414 section 3.1 take off before
 * they ask, so that it is the description of either; or with the tenant left open. Another host never is the same,
 * because the name is what tells the answers of servers apart (RFC 9207).
 */
export function isSameIssuer(reported: string, configured: string): boolean {
  if (!URL.canParse(reported) || !URL.canParse(configured) || new URL(reported).origin !== new URL(configured).origin) {
    return false;
  }
  return (
    withoutTrailingSlash(reported) === withoutTrailingSlash(configured) || matchesTenantTemplate(configured, reported)
  );
}

/** Whether a text is a URL that can be an issuer: http or https, no query, no fragment, no password. */
export function isIssuerUrl(value: string): boolean {
  // `URL` repairs what is nearly an address; an issuer is compared to the letter, so it must be one as it stands.
  return /^https?:\/\/[^?#@\s\\]+$/.test(value) && URL.canParse(value);
}

/**
 * The issuer of which a text is the metadata URL: without the well-known part, which OpenID Connect Discovery 1.0 puts at
 * the end and RFC 8414 section 3.1 between host and path. Any other text as it is.
 */
export function withoutWellKnown(text: string): string {
  return text.replace(
    /^(https?:\/\/[^/?#]+(?:\/[^?#]*)?)?\/\.well-known\/(?:openid-configuration|oauth-authorization-server)(?=\/|$)\/?([^?#]*)$/i,
    (_, before: string | undefined, after: string) => {
      return before === undefined ? text : after === '' ? before : `${before}/${after}`;
    },
  );
}

/** Whether an issuer is a template with its tenant filled in. */
export function matchesTenantTemplate(issuer: string, template: string): boolean {
  const [before = '', after, ...more] = template.split(TENANT_PLACEHOLDER);
  if (after === undefined || more.length > 0 || !issuer.startsWith(before) || !issuer.endsWith(after)) {
    return false;
  }
  return /^[\w.-]+$/.test(issuer.slice(before.length, issuer.length - after.length));
}

/** The issuer of a tenant, whose name is the `tid` of its tokens; without a tenant, or without a place for one, as it is. */
export function resolveTenantIssuer(template: string, tenant: unknown): string {
  return typeof tenant === 'string' && /^[\w-]+$/.test(tenant)
    ? template.replace(TENANT_PLACEHOLDER, tenant)
    : template;
}

/** Whether a token with this `iss`, and this `tid` where it has one, can be from the server at a configured issuer. */
export function isIssuedBy(iss: unknown, tenant: unknown, configured: string): boolean {
  if (typeof iss !== 'string') {
    return false;
  }
  return (
    isSameIssuer(iss, configured) ||
    (typeof tenant === 'string' && tenant !== '' && isSameIssuer(iss.replace(tenant, TENANT_PLACEHOLDER), configured))
  );
}

/** An issuer without the slash at its end, which OpenID Connect Discovery 1.0 and RFC 8414 take off as well. */
export const withoutTrailingSlash = (issuer: string): string => issuer.replace(/\/$/, '');
