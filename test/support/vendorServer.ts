// A server on loopback that responds as one of the vendors documents, to an entry as the wizard writes it; only the hosts
// differ. The differences between vendors are data, in vendors.ts.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { SECOND, type Clock } from '../../src/core/clock.ts';
import { createDraft, toEntry } from '../../src/wizard/draft.ts';
import type { Entry } from '../../src/wizard/entries.ts';
import { proposeScopes } from '../../src/wizard/proposals.ts';
import { PRESETS, type Preset, type PresetId } from '../../src/wizard/presets.ts';
import { parseProviders } from '../../src/core/parseProviders.ts';
import type { Provider } from '../../src/core/provider.ts';
import type { UriCallbackRouter } from '../../src/flows/uriCallbackRouter.ts';
import { onDesktop } from './editorUris.ts';
import { closedIssuer, ScriptedServer, type ScriptedAnswer, type SeenRequest } from './scriptedServer.ts';
import { VENDORS, type Vendor } from './vendors.ts';

/** The client of each vendor. */
const CLIENT_ID = 'vscode';
/** Its secret, if it has one. */
export const SECRET = 'client secret/with+signs';

/** The preset of a product. */
function presetOf(id: PresetId): Preset {
  const preset = PRESETS.find((one) => one.id === id);
  assert.ok(preset !== undefined);
  return preset;
}

/** The entry that the wizard writes for a product, filled in as for the vendor. */
function entryFor(id: PresetId, withoutSecret = false): Entry {
  const preset = presetOf(id);
  const draft = createDraft(preset);
  const issuer = preset.issuer.replaceAll(/\{([^{}]*)\}/g, (_, gap: string) => VENDORS[id].filled[gap] ?? '');
  const scopes = draft.scopes ?? proposeScopes(draft).flatMap(({ isSelected, scope }) => (isSelected ? [scope] : []));
  return toEntry({ ...draft, id: 'vendor', label: preset.name, issuer, clientId: CLIENT_ID, scopes, withoutSecret });
}

/** An authorization that was granted. */
interface Granted {
  readonly challenge: string;
  readonly redirectUri: string;
  readonly nonce: string | null;
  readonly scopes: readonly string[];
  readonly isOffline: boolean;
}

/** One vendor's server. */
export class VendorServer {
  readonly vendor: Vendor;
  /** The entry, for this server. */
  readonly provider: Provider;
  readonly scripted: ScriptedServer;
  readonly #clock: Clock;
  readonly #codes = new Map<string, Granted>();
  /** The valid refresh tokens. */
  readonly #alive = new Set<string>();
  #count = 0;
  #signedInAt = 0;
  /** Whether the user has entered the code. */
  isCodeTyped = false;

  private constructor(vendor: Vendor, provider: Provider, scripted: ScriptedServer, clock: Clock) {
    this.vendor = vendor;
    this.provider = provider;
    this.scripted = scripted;
    this.#clock = clock;
    scripted.date = () => clock.now();
    const { endpoints } = provider;
    const said: Readonly<Record<string, unknown>> =
      vendor.metadata === undefined ? {} : localized(vendor.metadata, scripted.issuer);
    const at = (named: string | undefined, member: string): string => pathOf(named ?? said[member]);
    if (vendor.metadata !== undefined) {
      scripted.on(`${new URL(provider.issuer).pathname.replace(/\/$/, '')}/.well-known/openid-configuration`, {
        body: {
          ...said,
          issuer: provider.issuer,
          jwks_uri: scripted.metadata['jwks_uri'],
          id_token_signing_alg_values_supported: ['RS256'],
        },
      });
    } else {
      scripted.onDiscovery({ status: 404 });
    }
    scripted.on(at(endpoints?.authorization, 'authorization_endpoint'), (request) => this.#authorize(request));
    scripted.on((this.tokenPath = at(endpoints?.token, 'token_endpoint')), (request) => this.#token(request));
    scripted.on((this.revocationPath = at(endpoints?.revocation, 'revocation_endpoint')), (request) =>
      this.#revoke(request),
    );
    scripted.on(at(endpoints?.userinfo, 'userinfo_endpoint'), (request) => this.#userInfo(request));
    scripted.on(at(endpoints?.deviceAuthorization, 'device_authorization_endpoint'), {
      body: {
        device_code: 'device-1',
        user_code: 'WDJB-MJHT',
        verification_uri: `${scripted.issuer}/login/device`,
        expires_in: 900,
        interval: 5,
      },
    });
  }

  /** The path of the token endpoint. */
  readonly tokenPath: string;
  /** The path of the revocation endpoint; an unused path if there is none. */
  readonly revocationPath: string;

  /** Starts the server of a product, for the entry that the wizard writes, or for one without some of its fields. */
  static async start(
    id: PresetId,
    clock: Clock,
    {
      withoutSecret = false,
      without = [],
    }: { readonly withoutSecret?: boolean; readonly without?: readonly string[] } = {},
  ): Promise<VendorServer> {
    const scripted = await ScriptedServer.start();
    const entry = Object.fromEntries(
      Object.entries(entryFor(id, withoutSecret)).filter(([field]) => !without.includes(field)),
    );
    const port = Number(new URL(await closedIssuer()).port);
    // The ports in the entry may be in use on the machine that runs the tests.
    const here = localized(
      { ...entry, ...(entry['redirectPorts'] === undefined ? {} : { redirectPorts: [port] }) },
      scripted.issuer,
    );
    const {
      problems,
      providers: [provider],
    } = parseProviders([here]);
    assert.deepEqual(problems, []);
    assert.ok(provider !== undefined);
    return new VendorServer(VENDORS[id], provider, scripted, clock);
  }

  /** Opens a URL like a browser whose user is signed in and allows everything; follows redirects up to the callback. */
  async browse(address: string, uriCallbackRouter: UriCallbackRouter): Promise<void> {
    const response = await fetch(address, { redirect: 'manual' });
    const location = response.headers.get('location') ?? '';
    assert.ok(location !== '', `the server shows a page: ${await response.text()}`);
    if (location.startsWith('vscode:')) {
      await uriCallbackRouter.handleCallback(...onDesktop(location));
    } else {
      await (await fetch(location)).text();
    }
  }

  /** Revokes every refresh token, as the user can at the vendor, or lets them expire. */
  killTokens(): void {
    this.#alive.clear();
  }

  /** Whether a refresh token is valid. */
  isUnexpired(token: string | undefined): boolean {
    return this.#alive.has(token ?? '');
  }

  /** Closes the server. */
  async stop(): Promise<void> {
    await this.scripted.stop();
  }

  #authorize({ parameters }: SeenRequest): ScriptedAnswer {
    const { callback = {}, offline = {}, refusedScopes = [] } = this.vendor;
    const redirectUri = parameters.get('redirect_uri') ?? '';
    if (
      parameters.get('client_id') !== CLIENT_ID ||
      parameters.get('response_type') !== 'code' ||
      !this.#isRegistered(redirectUri)
    ) {
      return { status: 400, headers: { 'Content-Type': 'text/html' }, body: `<p>redirect_uri ${redirectUri}</p>` };
    }
    assert.equal(parameters.get('code_challenge_method'), 'S256');
    const scopes = (parameters.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
    const redirect = new URL(redirectUri);
    const state = parameters.get('state') ?? '';
    const refused = scopes.some((scope) => refusedScopes.includes(scope));
    const code = `code-${(this.#count += 1)}`;
    for (const [name, value] of Object.entries({
      ...(refused ? { error: 'invalid_scope' } : { code, ...localized(callback, this.scripted.issuer) }),
      state,
    })) {
      redirect.searchParams.set(name, value);
    }
    const isOffline = Object.entries(offline).every(([name, value]) => parameters.get(name) === value);
    this.#codes.set(code, {
      challenge: parameters.get('code_challenge') ?? '',
      redirectUri,
      nonce: parameters.get('nonce'),
      scopes,
      isOffline,
    });
    return { status: 302, headers: { Location: redirect.href } };
  }

  #isRegistered(redirectUri: string): boolean {
    const { redirectPorts, redirectUri: registered = 'http://127.0.0.1/callback' } = this.provider;
    const withoutPort = redirectUri.replace(/^(http:\/\/127\.0\.0\.1):\d+\//, '$1/');
    switch (this.vendor.redirects) {
      case 'exact':
        return redirectPorts.some((port) => redirectUri === registered.replace(/(?<=\/\/[^/]+)(?=\/)/, `:${port}`));
      case 'any-port':
        return withoutPort === 'http://127.0.0.1/callback';
      case 'loopback':
        return withoutPort.startsWith('http://127.0.0.1/');
    }
  }

  async #token({ headers, parameters }: SeenRequest): Promise<ScriptedAnswer> {
    const grant = parameters.get('grant_type');
    const isByCode = grant === 'urn:ietf:params:oauth:grant-type:device_code';
    // A session that started with the device flow continues without the secret.
    const answer =
      isByCode ||
      this.#knows(headers.authorization, parameters) ||
      (this.isCodeTyped && !parameters.has('client_secret'))
        ? await this.#granted(grant, parameters)
        : (this.vendor.stranger ?? { status: 401, body: { error: 'invalid_client' } });
    const isJson = this.vendor.metadata !== undefined || (headers.accept ?? '').includes('application/json');
    return isJson || typeof answer.body !== 'object'
      ? answer
      : {
          ...answer,
          headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' },
          body: new URLSearchParams(
            Object.entries(answer.body).map(([name, value]) => [name, String(value)]),
          ).toString(),
        };
  }

  /** Whether a client authenticates as the vendor documents. */
  #knows(authorization: string | undefined, parameters: URLSearchParams): boolean {
    const isInBody = parameters.get('client_id') === CLIENT_ID && parameters.get('client_secret') === SECRET;
    switch (this.vendor.client) {
      case 'public':
        return (
          parameters.get('client_id') === CLIENT_ID && !parameters.has('client_secret') && authorization === undefined
        );
      case 'secret-in-body':
        return isInBody;
      case 'secret-anyhow':
        // RFC 6749 section 2.3.1: both parts are form-encoded.
        return (
          isInBody ||
          authorization ===
            `Basic ${btoa([CLIENT_ID, SECRET].map((half) => new URLSearchParams([['', half]]).toString().slice(1)).join(':'))}`
        );
    }
  }

  async #granted(grant: string | null, parameters: URLSearchParams): Promise<ScriptedAnswer> {
    if (grant === 'refresh_token') {
      return this.#refreshed(parameters.get('refresh_token') ?? '');
    }
    if (grant !== 'authorization_code') {
      return this.isCodeTyped
        ? { body: await this.#tokens({ nonce: null, scopes: this.provider.scopes, isOffline: true }) }
        : {
            body: { error: 'authorization_pending', error_description: 'The authorization request is still pending.' },
          };
    }
    const code = parameters.get('code') ?? '';
    const granted = this.#codes.get(code);
    this.#codes.delete(code);
    const challenge = createHash('sha256')
      .update(parameters.get('code_verifier') ?? '')
      .digest('base64url');
    if (granted?.challenge !== challenge || granted.redirectUri !== parameters.get('redirect_uri')) {
      return { status: 400, body: { error: 'invalid_grant', error_description: 'code' } };
    }
    return { body: await this.#tokens(granted) };
  }

  async #tokens({
    isOffline,
    nonce,
    scopes,
  }: Pick<Granted, 'nonce' | 'scopes' | 'isOffline'>): Promise<Record<string, unknown>> {
    const { refreshToken } = this.vendor;
    this.#signedInAt = this.#clock.now();
    const number = (this.#count += 1);
    if (refreshToken !== 'none' && isOffline) {
      this.#alive.add(`refresh-${number}`);
    }
    return this.#answer(number, refreshToken !== 'none' && isOffline ? `refresh-${number}` : undefined, scopes, nonce);
  }

  async #refreshed(token: string): Promise<ScriptedAnswer> {
    const { dead, refreshToken } = this.vendor;
    if (!this.#alive.has(token)) {
      assert.ok(dead !== undefined, "a refresh that isn't expected");
      return dead;
    }
    const number = (this.#count += 1);
    if (refreshToken === 'rotated') {
      this.#alive.delete(token);
      this.#alive.add(`refresh-${number}`);
    }
    const next = { rotated: `refresh-${number}`, same: token, once: undefined, none: undefined }[refreshToken];
    return { body: await this.#answer(number, next, this.provider.scopes, null) };
  }

  async #answer(
    number: number,
    refreshToken: string | undefined,
    scopes: readonly string[],
    nonce: string | null,
  ): Promise<Record<string, unknown>> {
    const { answer, claims, end } = this.vendor;
    const left =
      end === undefined
        ? 0
        : end.after - (end.slides ? 0 : Math.round((this.#clock.now() - this.#signedInAt) / SECOND));
    const idToken =
      scopes.includes('openid') && claims !== undefined
        ? {
            id_token: await this.scripted.idToken({
              iss: this.provider.issuer,
              aud: CLIENT_ID,
              ...(nonce === null ? {} : { nonce }),
              ...claims,
            }),
          }
        : {};
    return {
      access_token: `access-${number}`,
      ...answer,
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
      ...(end === undefined ? {} : { [end.field]: left }),
      ...idToken,
    };
  }

  #revoke({ headers, parameters }: SeenRequest): ScriptedAnswer {
    const { revocation } = this.vendor;
    if (revocation === undefined) {
      return { status: 404 };
    }
    assert.ok(this.#knows(headers.authorization, parameters), 'only the client may revoke');
    return this.#alive.delete(parameters.get('token') ?? '') ? revocation.refresh : revocation.access;
  }

  #userInfo({ headers }: SeenRequest): ScriptedAnswer {
    const { userInfo } = this.vendor;
    const isKnown =
      headers.authorization?.startsWith('Bearer access-') === true && (headers['user-agent'] ?? '') !== '';
    return isKnown && userInfo !== undefined
      ? { body: userInfo }
      : { status: 403, body: { message: 'Request forbidden by administrative rules.' } };
  }
}

/** Replaces every host of the vendor in a value by another origin. */
function localized<T extends Readonly<Record<string, unknown>>>(value: T, origin: string): T {
  return JSON.parse(JSON.stringify(value).replaceAll(/https:\/\/[^/"]+/g, origin)) as T;
}

/** The path of a URL; an unused path if there is none. */
function pathOf(address: unknown): string {
  return typeof address === 'string' ? new URL(address).pathname : '/nowhere';
}
