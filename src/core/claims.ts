// What a token says of itself.

/** The claims of a token that is a JWT, for looking at only: nothing is verified. Undefined where it is none. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload, ...rest] = token.split('.');
  if (payload === undefined || rest.length !== 1) {
    return undefined;
  }
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims) ? { ...claims } : undefined;
  } catch {
    return undefined;
  }
}
