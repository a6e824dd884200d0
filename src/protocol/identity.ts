// Who signed in: from the ID token's claims, or from the userinfo endpoint (OpenID Connect Core 5.3).
import * as oauth from 'oauth4webapi';
import { plainName } from '../core/failure.ts';
import type { Provider } from '../core/provider.ts';
import { optionsFor, type Server } from './discovery.ts';
import type { Tokens } from './tokens.ts';
import { fetchWith, type Transport } from './transport.ts';

/** The account of a session. The id is stable; the label is what people read. */
export interface Account {
  readonly id: string;
  readonly label: string;
}

/** What a sign-in brings. */
export interface Grant {
  readonly provider: Provider;
  /** What was asked for. */
  readonly scopes: readonly string[];
  readonly tokens: Tokens;
  readonly account: Account;
}

/** Claims that name a person, the most telling one first (OpenID Connect Core 5.1). */
const NAMES = ['preferred_username', 'email', 'nickname', 'name'];

/**
 * The account behind fresh tokens. Where the ID token names nobody, the userinfo endpoint is asked; where that does
 * not help either, the subject is the name, because a sign-in must not fail for want of a pretty label.
 */
export async function accountOf(server: Server, tokens: Tokens, transport: Transport, signal: AbortSignal): Promise<Account> {
  const subject = tokens.claims?.sub;
  const label = nameIn(tokens.claims ?? {}) ?? nameIn((await userInfo(server, tokens, transport, signal)) ?? {});
  return {
    id: subject ?? label ?? server.provider.id,
    label: label ?? (subject === undefined ? server.provider.label : plainName(subject) || server.provider.label),
  };
}

function nameIn(claims: Readonly<Record<string, unknown>>): string | undefined {
  for (const name of NAMES) {
    const value = claims[name];
    const clean = typeof value === 'string' ? plainName(value) : '';
    if (clean !== '') {
      return clean;
    }
  }
  return undefined;
}

/** The userinfo answer, where it is one and speaks of the same person (OpenID Connect Core 5.3.2); it is for a label only. */
async function userInfo(server: Server, tokens: Tokens, transport: Transport, signal: AbortSignal): Promise<Record<string, unknown> | undefined> {
  if (server.metadata.userinfo_endpoint === undefined || tokens.claims === undefined) {
    return undefined;
  }
  try {
    const response = await oauth.userInfoRequest(server.metadata, server.client, tokens.accessToken, optionsFor(server, fetchWith(transport, signal)));
    const claims = (await response.json()) as Record<string, unknown> | null;
    return response.status === 200 && claims?.['sub'] === tokens.claims.sub ? claims : undefined;
  } catch {
    return undefined;
  }
}
