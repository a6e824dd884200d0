import type { IncomingMessage, ServerResponse } from 'node:http';
import Provider, { errors, interactionPolicy } from 'oidc-provider';
import type { ClientMetadata, Configuration, KoaContextWithOIDC } from 'oidc-provider';

import { accountByHint, demoAccounts } from './identityAccounts.ts';
import type { Account } from './identityAccounts.ts';
import { Faults } from './identityFaults.ts';
import { withFaults } from './identityFaulty.ts';
import { ACR_VALUES, answerInteraction } from './identityInteractions.ts';
import { Journal } from './identityJournal.ts';
import { messagePage } from './identityPages.ts';
import { readRequest } from './identityRequests.ts';
import { IdentityStore } from './identityStore.ts';
import { serveOnLoopback } from './loopback.ts';
import type { TlsHost } from './loopback.ts';
import type { Log } from './progress.ts';

/** The client of the demo: native, without a secret. */
export const demoClientId = 'session-keeper-demo';

/** The policy that a server applies to each request; a test may change it at any time. */
export interface IdentityPolicy {
  /** How long an access token is valid, in seconds. */
  accessTokenSeconds: number;
  /** How long a refresh token is valid, in seconds. */
  refreshTokenSeconds: number;
  /** When a refresh token is issued: if `offline_access` is requested, always, or never. */
  issueRefreshToken: 'whenAsked' | 'always' | 'never';
  /** How long a device code is valid, in seconds. */
  deviceCodeSeconds: number;
  /** Whether the server signs users in with the level that `acr_values` requests; otherwise always with a password. */
  honorsAcr: boolean;
  /** The scopes that are granted whatever is requested; null lets the user decide. */
  grantedScopes: readonly string[] | null;
  /** The scopes that the client must not request (`invalid_scope`). */
  refusedScopes: readonly string[];
  /** Whether each refresh replaces the refresh token; using a replaced one revokes the whole grant. */
  rotateRefreshToken: boolean;
}

/** How to start an identity server. */
export interface IdentityServerOptions extends Partial<IdentityPolicy> {
  /** The port; 0, the default, is any free one. */
  readonly port?: number;
  /** How many ports to try, counting up from `port`, while they are in use; 1 by default. */
  readonly portTries?: number;
  /** Serves over TLS under a host name that the caller resolves; by default, over plain http under 127.0.0.1. */
  readonly host?: TlsHost | undefined;
  /** Clients in addition to the demo's. */
  readonly clients?: readonly ClientMetadata[];
  /** The users who can sign in; {@link demoAccounts} by default. */
  readonly accounts?: readonly Account[];
  /** Whether an ID token contains name and email; true by default. Otherwise, only the userinfo endpoint returns them. */
  readonly profileInIdToken?: boolean;
  /** Whether access tokens are JWTs for an API; false by default. The userinfo endpoint rejects such a token. */
  readonly jwtAccessTokens?: boolean;
  /** The file for keys, grants and sessions between runs; if absent, they're only in memory. */
  readonly stateFile?: string;
  /** The client authentication methods in the metadata; without `none`, the demo's client can't be used. */
  readonly authenticationMethods?: NonNullable<Configuration['clientAuthMethods']>;
  /** Additional features of the provider: pushed requests, DPoP… */
  readonly features?: NonNullable<Configuration['features']>;
  /** Receives errors inside the server; standard error by default. */
  readonly log?: Log;
}

/** A running identity server. */
export interface IdentityServer {
  /** The issuer: `http://127.0.0.1:PORT`, or `https://NAME:PORT` with a host name. */
  readonly issuer: string;
  /** The port on 127.0.0.1. */
  readonly port: number;
  /** The provider itself, for features without an interface here. */
  readonly provider: Provider;
  /** The policy applied to each request. */
  readonly policy: IdentityPolicy;
  /** The faults. */
  readonly faults: Faults;
  /** The received requests. */
  readonly journal: Journal;
  /** The IDs of the revoked grants: by a revocation, by reuse of a token, by a logout. */
  readonly grantsRevoked: readonly string[];
  /**
   * Looks up an opaque access token or a refresh token in the server's store.
   *
   * @param token the token's value
   * @returns whether it would still be accepted
   */
  tokenIsActive(token: string): Promise<boolean>;
  /** Removes every grant and every token, as an administrator could. */
  revokeEverything(): void;
  /** Closes the server and every connection immediately. */
  stop(): Promise<void>;
}

const daySeconds = 24 * 60 * 60;

/**
 * Starts a real OpenID provider in this process, on 127.0.0.1.
 *
 * @param options what differs from the defaults
 * @returns the server, once it's listening
 * @throws the listen error, if no port is available
 */
export async function startIdentityServer(options: IdentityServerOptions = {}): Promise<IdentityServer> {
  const policy: IdentityPolicy = {
    accessTokenSeconds: options.accessTokenSeconds ?? 90,
    refreshTokenSeconds: options.refreshTokenSeconds ?? 14 * daySeconds,
    issueRefreshToken: options.issueRefreshToken ?? 'whenAsked',
    deviceCodeSeconds: options.deviceCodeSeconds ?? 600,
    rotateRefreshToken: options.rotateRefreshToken ?? true,
    honorsAcr: options.honorsAcr ?? true,
    grantedScopes: options.grantedScopes ?? null,
    refusedScopes: options.refusedScopes ?? [],
  };
  const log = options.log ?? ((line) => process.stderr.write(`${line}\n`));
  const accounts = options.accounts ?? demoAccounts;
  const store = new IdentityStore(options.stateFile);
  const faults = new Faults();
  const journal = new Journal();
  const grantsRevoked: string[] = [];
  for (const client of options.clients ?? []) {
    if (client.client_secret !== undefined) {
      journal.keepSecret(client.client_secret, 'client secret');
    }
  }

  let answer: (request: IncomingMessage, response: ServerResponse) => unknown = (_request, response) => {
    response.writeHead(503).end();
  };
  const listener = (request: IncomingMessage, response: ServerResponse): unknown => answer(request, response);
  const { server, port, origin: issuer } = await serveOnLoopback(listener, options);

  const provider = new Provider(issuer, configure(issuer, options, policy, accounts, store));
  provider.on('grant.revoked', (_ctx, grantId) => grantsRevoked.push(grantId));
  provider.on('server_error', (_ctx, error) => {
    log(`The identity server failed: ${error.stack ?? error.message}`);
  });

  const parametersOf = new WeakMap<IncomingMessage, URLSearchParams>();
  provider.use(async (ctx, next) => {
    const parameters = parametersOf.get(ctx.req) ?? new URLSearchParams();
    const {
      headers: { authorization, dpop },
      method,
      path,
    } = ctx;
    const entry = journal.arrived({ method, path, parameters, authorization, dpop });
    ctx.res.once('close', () => {
      journal.finished(entry, ctx.res.writableFinished ? ctx.res.statusCode : 'dropped');
    });
    await withFaults(ctx, next, faults.take(entry), () => {
      journal.answering(entry, ctx.body, ctx.response.get('location'));
    });
  });
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) {
      await next();
      return;
    }
    const { req, res, method, path } = ctx;
    const parameters = parametersOf.get(req) ?? new URLSearchParams();
    const page = await answerInteraction(provider, accounts, policy, { req, res, method, path, parameters }).catch(
      (error: unknown) => {
        if (error instanceof Error && error.name === 'SessionNotFound') {
          const html = messagePage('Sign-in expired', 'This sign-in has ended. Return to the app and start again.');
          return { kind: 'page', status: 400, html } as const;
        }
        throw error;
      },
    );
    if (page.kind === 'redirect') {
      ctx.status = 303;
      ctx.redirect(page.address);
    } else {
      ctx.status = page.status;
      sendPage(ctx, page.html);
    }
  });
  const handle = provider.callback();
  answer = async (request, response) => {
    const seen = await readRequest(request, policy.issueRefreshToken !== 'never');
    journal.traffic.push(seen.raw);
    parametersOf.set(seen.request, seen.parameters);
    await handle(seen.request, response);
  };

  return {
    issuer,
    port,
    provider,
    policy,
    faults,
    journal,
    grantsRevoked,
    tokenIsActive: async (token) => {
      const found = (await provider.AccessToken.find(token)) ?? (await provider.RefreshToken.find(token));
      return found?.isValid ?? false;
    },
    revokeEverything: () => {
      store.revokeEverything();
    },
    stop: async () => {
      store.save();
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

function configure(
  issuer: string,
  options: IdentityServerOptions,
  policy: IdentityPolicy,
  accounts: readonly Account[],
  store: IdentityStore,
): Configuration {
  return {
    adapter: (model) => store.adapter(model),
    jwks: { keys: store.keys },
    cookies: { keys: [store.cookieKey] },
    clients: [demoClient, ...(options.clients ?? [])],
    ...(options.authenticationMethods === undefined ? {} : { clientAuthMethods: options.authenticationMethods }),
    scopes: ['openid', 'offline_access', 'notes.read', 'notes.write', 'notes.delete', 'notes.share'],
    acrValues: [...ACR_VALUES],
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
    },
    conformIdTokenClaims: !(options.profileInIdToken ?? true),
    findAccount: (_ctx, sub) => {
      const account = accounts.find((candidate) => candidate.sub === sub);
      return account === undefined ? undefined : { accountId: sub, claims: () => claimsOf(account) };
    },
    pkce: { required: () => true },
    // The browser extension host of VS Code has another origin, and so does a page of a test.
    clientBasedCORS: () => true,
    issueRefreshToken: (_ctx, client, source) => {
      const asked = policy.issueRefreshToken === 'whenAsked' && source.scopes.has('offline_access');
      return client.grantTypeAllowed('refresh_token') && (asked || policy.issueRefreshToken === 'always');
    },
    rotateRefreshToken: () => policy.rotateRefreshToken,
    interactions: {
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
      policy: interactionPolicyFor(accounts, policy),
    },
    ttl: {
      AccessToken: () => policy.accessTokenSeconds,
      AuthorizationCode: 60,
      DeviceCode: () => policy.deviceCodeSeconds,
      Grant: 14 * daySeconds,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: () => policy.refreshTokenSeconds,
      Session: 14 * daySeconds,
    },
    renderError: (ctx, out) => {
      ctx.type = 'html';
      const text = out.error_description === undefined ? out.error : `${out.error}: ${out.error_description}`;
      sendPage(ctx, messagePage('Something went wrong', text));
    },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: (ctx, form, _out, error) => {
          const wrong = error === undefined ? '' : 'This code is unknown or has expired. ';
          sendPage(
            ctx,
            messagePage(
              'Enter code',
              `${wrong}Enter the code shown on your device.`,
              withButton(form, 'op.deviceInputForm', 'Continue'),
            ),
          );
        },
        userCodeConfirmSource: (ctx, form, client, _info, code) => {
          const text = `Does ${client.clientName ?? client.clientId} show the code ${code}?`;
          sendPage(ctx, messagePage('Confirm code', text, withButton(form, 'op.deviceConfirmForm', 'Yes')));
        },
        successSource: (ctx) => {
          sendPage(ctx, messagePage("You're signed in", 'You can close this page.'));
        },
      },
      resourceIndicators: {
        enabled: options.jwtAccessTokens ?? false,
        defaultResource: () => `${issuer}/api`,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, audience) => ({
          audience,
          scope: 'notes.read notes.write',
          accessTokenFormat: 'jwt',
        }),
      },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          const buttons = `${form}<div class="buttons"><button type="submit" form="op.logoutForm">No</button>
            <button class="main" type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button></div>`;
          sendPage(ctx, messagePage('Sign out?', "You'll be signed out in this browser.", buttons));
        },
        postLogoutSuccessSource: (ctx) => {
          sendPage(ctx, messagePage("You're signed out", 'You can close this page.'));
        },
      },
      userinfo: { enabled: true },
      ...options.features,
    },
  };
}

const demoClient: ClientMetadata = {
  client_id: demoClientId,
  client_name: 'Session Keeper',
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  redirect_uris: ['http://127.0.0.1/callback'],
  post_logout_redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
  response_types: ['code'],
};

function claimsOf(account: Account): { sub: string } & Record<string, string | boolean> {
  return {
    sub: account.sub,
    name: account.name,
    preferred_username: account.username,
    email: account.email,
    email_verified: true,
  };
}

/** The default policy with what most servers support: choosing an account, a hint for another one, and a stronger sign-in. */
function interactionPolicyFor(accounts: readonly Account[], decisions: IdentityPolicy): interactionPolicy.Prompt[] {
  const policy = interactionPolicy.base();
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);
  policy.get('login')?.checks.add(
    new interactionPolicy.Check('other_account', 'another account is asked for', 'login_required', ({ oidc }) => {
      const hint = oidc.params?.['login_hint'];
      const meant = typeof hint === 'string' ? accountByHint(accounts, hint) : undefined;
      const signedIn = oidc.session?.accountId;
      return (
        meant !== undefined && signedIn !== undefined && meant.sub !== signedIn && oidc.result?.login === undefined
      );
    }),
  );
  policy.get('login')?.checks.add(
    new interactionPolicy.Check(
      'acr_values',
      'a stronger sign-in is asked for',
      'unmet_authentication_requirements',
      ({ oidc }) => {
        const asked = oidc.params?.['acr_values'];
        const isMet = typeof asked !== 'string' || asked.split(' ').includes(oidc.session?.acr ?? '');
        return decisions.honorsAcr && !isMet && oidc.result?.login === undefined;
      },
    ),
  );
  policy.get('login')?.checks.add(
    new interactionPolicy.Check('refused_scope', 'a scope is not allowed', ({ oidc }) => {
      const refused = [...oidc.requestParamScopes].find((scope) => decisions.refusedScopes.includes(scope));
      if (refused !== undefined) {
        throw new errors.InvalidScope('requested scope is not allowed', refused);
      }
      return false;
    }),
  );
  return policy;
}

function withButton(form: string, id: string, label: string): string {
  return `${form}<div class="buttons"><button class="main" type="submit" form="${id}">${label}</button></div>`;
}

function sendPage(ctx: Pick<KoaContextWithOIDC, 'set' | 'type' | 'body'>, html: string): void {
  ctx.type = 'html';
  ctx.set('cache-control', 'no-store');
  // The URL of a page can contain an ID token, which the next request would repeat.
  ctx.set('referrer-policy', 'no-referrer');
  ctx.set('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  ctx.body = html;
}
