// An OpenID Provider that behaves like the OpenID Foundation's suite when it tests relying parties: it follows the
// specifications, checks what the client does, and has the one fault that a test requires.
import { createHash } from 'node:crypto';
import { ScriptedServer, type Script, type SeenRequest } from '../scriptedServer.ts';
import { compactJws, keysOf, publishedKey, type PublishedKey, type SigningAlgorithm } from './keys.ts';
import { ProofJudge } from './proofs.ts';
import { CLIENT_ID, CLIENT_SECRET, complaintOf, isAuthenticated, type ClientAuthentication } from './requests.ts';

/** The grant types that a client may use here. */
export type SignInGrant = 'authorization_code' | 'refresh_token';

type Members = Record<string, unknown>;

/** The faults of the server. Each function gets the correct value. */
export interface Faults {
  /** Changes the metadata. */
  metadata?: (metadata: Members) => Members;
  /** Changes the parameters of the authorization response. */
  authorization?: (answer: URLSearchParams) => void;
  /** Changes a token response. */
  tokens?: (answer: Members, grant: SignInGrant) => Members;
  /** Changes the claims of an ID token. */
  claims?: (claims: Members, grant: SignInGrant) => Members;
  /** Changes the signature of an ID token. */
  signature?: (signature: Buffer) => Buffer;
  /** Changes the claims of a userinfo response. */
  userinfo?: (claims: Members) => Members;
  /** Changes the signature of a userinfo response. */
  userinfoSignature?: (signature: Buffer) => Buffer;
  /** Called before an ID token is signed. */
  beforeSigning?: (grant: SignInGrant) => void;
  /** Changes the URL to which the browser is redirected after signing out. */
  afterSignOut?: (answer: URLSearchParams) => void;
}

/** The user who signs in here. */
const PERSON = 'person-1';

const CLAIMS: Readonly<Record<string, Readonly<Members>>> = {
  profile: { preferred_username: 'sam', name: 'Sam Sample' },
  email: { email: 'sam@example.com', email_verified: true },
};

const PATH = '/test/a/keeper';

/** What a token was issued for. */
interface Granted {
  readonly scope: string;
  /** The thumbprint of the key that it's bound to. */
  readonly thumbprint: string | undefined;
}

/** The server. */
export class SuiteServer {
  readonly #server: ScriptedServer;
  /** What each code, and each reference of a pushed request, was issued for. */
  readonly #asked = new Map<string, URLSearchParams>();
  readonly #accessTokens = new Map<string, Granted>();
  readonly #proofs = new ProofJudge();
  readonly #idTokens = new Set<string>();
  #refreshToken: ({ readonly value: string } & Granted) | undefined;
  #issued = 0;
  /** The metadata. */
  readonly metadata: Members;
  /** The faults. */
  faults: Faults = {};
  /** How the client must authenticate. */
  clientAuthentication: ClientAuthentication = 'none';
  /** Whether tokens are bound to a key (DPoP, RFC 9449), so that requests without a proof are rejected. */
  bindsTokens = false;
  /** The nonce that proofs must contain at the userinfo endpoint, and the name of the scheme in the challenge for it. */
  proofNonce: { readonly value: string; readonly scheme: string } | undefined;
  /** The algorithm and the key with which ID tokens are signed. */
  signing: { readonly algorithm: SigningAlgorithm; readonly kid?: string | undefined } = {
    algorithm: 'RS256',
    kid: 'RSA 1',
  };
  /** The algorithm with which userinfo responses are signed; undefined for plain JSON. */
  userinfoSigning: { readonly algorithm: SigningAlgorithm; readonly kid?: string | undefined } | undefined;
  /** The keys that it publishes and signs with. */
  keys: readonly PublishedKey[] = keysOf({ RSA: 2, 'P-256': 2, secp256k1: 1, Ed25519: 1 });
  /** The client's violations of the specifications, as a suite would report them. */
  readonly complaints: string[] = [];

  private constructor(server: ScriptedServer) {
    this.#server = server;
    const at = (name: string): string => `${server.issuer}${PATH}/${name}`;
    this.metadata = {
      issuer: at(''),
      authorization_endpoint: at('authorize'),
      token_endpoint: at('token'),
      jwks_uri: at('jwks'),
      userinfo_endpoint: at('userinfo'),
      revocation_endpoint: at('revoke'),
      end_session_endpoint: at('end_session'),
      registration_endpoint: at('register'),
      pushed_authorization_request_endpoint: at('par'),
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      response_types_supported: ['code', 'code id_token', 'id_token'],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['public'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256'],
      code_challenge_methods_supported: ['S256'],
    };
    this.at('.well-known/openid-configuration', () => ({
      body: this.faults.metadata?.({ ...this.metadata }) ?? this.metadata,
    }));
    this.at('jwks', () => ({ body: { keys: this.keys.map(publishedKey) } }));
    this.at('par', (request) => this.#push(request));
    this.at('authorize', (request) => this.#authorize(request.parameters));
    this.at('token', (request) => this.#token(request));
    this.at('userinfo', (request) => this.#userinfo(request));
    this.at('revoke', () => ({ status: 200, body: '' }));
    this.at('end_session', (request) => this.#endSession(request.parameters));
    this.at('register', () => this.#refuse('The client registers itself, although not requested.'));
  }

  /** Starts a server on a free port. */
  static async start(): Promise<SuiteServer> {
    return new SuiteServer(await ScriptedServer.start());
  }

  /** The issuer, with a path and a trailing slash, like the suite's. */
  get issuer(): string {
    return `${this.#server.issuer}${PATH}/`;
  }

  /** The server's clock. */
  set date(date: () => number) {
    this.#server.date = date;
  }

  /** Sets the response to requests to one of its paths, from now on. */
  at(name: string, script: (request: SeenRequest) => Script): void {
    this.#server.on(`${PATH}/${name}`, script);
  }

  /** The requests to one of its paths, oldest first. */
  requestsTo(name: string): SeenRequest[] {
    return this.#server.requestsTo(`${PATH}/${name}`);
  }

  /** The requested paths, oldest first, without the common prefix. */
  get paths(): string[] {
    return this.#server.requests.map(({ path }) => path.replace(`${PATH}/`, ''));
  }

  /** Replaces its keys by new ones with the same use and other IDs. */
  rotateKeys(): void {
    const after = Math.max(...this.keys.map(({ kid }) => Number(/\d+$/.exec(kid ?? '')?.[0] ?? 0)));
    this.keys = keysOf({ RSA: 1, 'P-256': 1 }, after);
    const { algorithm } = this.signing;
    this.signing = { algorithm, kid: this.keys[algorithm === 'ES256' ? 1 : 0]?.kid };
  }

  /** Closes the server. */
  async stop(): Promise<void> {
    await this.#server.stop();
  }

  #refuse(complaint: string, error = 'invalid_request', status = 400): Script {
    this.complaints.push(complaint);
    return { status, body: { error } };
  }

  #push(request: SeenRequest): Script {
    if (!isAuthenticated(request, this.clientAuthentication)) {
      return this.#refuse("The client doesn't authenticate as required.", 'invalid_client', 401);
    }
    const reference = `urn:ietf:params:oauth:request_uri:${this.#next('reference')}`;
    this.#asked.set(reference, request.parameters);
    return { status: 201, body: { request_uri: reference, expires_in: 60 } };
  }

  #authorize(sent: URLSearchParams): Script {
    const isPushed = this.metadata['require_pushed_authorization_requests'] === true;
    const parameters = isPushed ? this.#asked.get(sent.get('request_uri') ?? '') : sent;
    if (parameters === undefined || sent.get('client_id') !== CLIENT_ID) {
      return this.#refuse("The authorization request wasn't pushed, or was pushed by another client.");
    }
    const complaint = complaintOf(parameters);
    if (complaint !== undefined) {
      return this.#refuse(complaint);
    }
    const answer = new URLSearchParams({ state: parameters.get('state') ?? '' });
    if (this.metadata['authorization_response_iss_parameter_supported'] === true) {
      answer.set('iss', this.issuer);
    }
    if (parameters.get('prompt') === 'none' && parameters.get('max_age') === '0') {
      answer.set('error', 'login_required');
    } else {
      const code = this.#next('code');
      this.#asked.set(code, parameters);
      answer.set('code', code);
    }
    this.faults.authorization?.(answer);
    return { status: 302, headers: { Location: `${parameters.get('redirect_uri') ?? ''}?${answer.toString()}` } };
  }

  #token(request: SeenRequest): Script {
    const { parameters } = request;
    if (!isAuthenticated(request, this.clientAuthentication)) {
      return this.#refuse("The client doesn't authenticate as required.", 'invalid_client', 401);
    }
    let thumbprint: string | undefined;
    if (this.bindsTokens) {
      const judgement = this.#judge(request, 'token');
      if ('error' in judgement) {
        return this.#refuse('The proof at the token endpoint is invalid.', judgement.error);
      }
      ({ thumbprint } = judgement);
    }
    if (parameters.get('grant_type') === 'authorization_code') {
      return this.#tradeCode(parameters, thumbprint);
    }
    return parameters.get('grant_type') === 'refresh_token'
      ? this.#renew(parameters, thumbprint)
      : this.#refuse('The grant type is unknown.', 'unsupported_grant_type');
  }

  #judge(
    { headers, method }: SeenRequest,
    name: string,
    more: { readonly accessToken?: string; readonly nonce?: string | undefined } = {},
  ): ReturnType<ProofJudge['judge']> {
    return this.#proofs.judge(headers['dpop'], { method, url: `${this.issuer}${name}`, now: this.#now(), ...more });
  }

  #tradeCode(parameters: URLSearchParams, thumbprint: string | undefined): Script {
    const code = parameters.get('code') ?? '';
    const asked = this.#asked.get(code);
    this.#asked.delete(code);
    const challenge = createHash('sha256')
      .update(parameters.get('code_verifier') ?? '')
      .digest('base64url');
    if (
      asked?.get('redirect_uri') !== parameters.get('redirect_uri') ||
      asked.get('code_challenge') !== challenge ||
      asked.get('dpop_jkt') !== (thumbprint ?? null)
    ) {
      return this.#refuse('The code is exchanged by another client, or for a second time.', 'invalid_grant');
    }
    return this.#answer('authorization_code', { scope: asked.get('scope') ?? '', thumbprint }, asked);
  }

  #renew(parameters: URLSearchParams, thumbprint: string | undefined): Script {
    const known = this.#refreshToken;
    if (known?.value !== parameters.get('refresh_token') || known.thumbprint !== thumbprint) {
      this.#refreshToken = undefined;
      return this.#refuse("The refresh token isn't the current one.", 'invalid_grant');
    }
    const granted = known.scope.split(' ');
    if ((parameters.get('scope') ?? known.scope).split(' ').some((scope) => !granted.includes(scope))) {
      return this.#refuse('The refresh requests more than was granted.', 'invalid_scope');
    }
    return this.#answer('refresh_token', known);
  }

  #answer(grant: SignInGrant, { scope, thumbprint }: Granted, asked?: URLSearchParams): Script {
    const scopes = scope.split(' ');
    const accessToken = this.#next('access');
    this.#accessTokens.set(accessToken, { scope, thumbprint });
    if (scopes.includes('offline_access')) {
      this.#refreshToken = { value: this.#next('refresh'), scope, thumbprint };
    }
    const body: Members = {
      access_token: accessToken,
      token_type: thumbprint === undefined ? 'Bearer' : 'DPoP',
      expires_in: 300,
      scope,
      refresh_token: this.#refreshToken?.value,
      id_token: scopes.includes('openid') ? this.#idToken(grant, accessToken, asked) : undefined,
    };
    return { body: this.faults.tokens?.(body, grant) ?? body };
  }

  #idToken(grant: SignInGrant, accessToken: string, asked: URLSearchParams | undefined): string {
    const now = this.#now();
    const hash = createHash('sha256').update(accessToken).digest();
    const claims: Members = {
      iss: this.issuer,
      sub: PERSON,
      aud: CLIENT_ID,
      nonce: asked?.get('nonce') ?? undefined,
      iat: now,
      exp: now + 300,
      at_hash: hash.subarray(0, hash.length / 2).toString('base64url'),
      auth_time: asked?.has('max_age') === true ? now - 1 : undefined,
    };
    const changed = this.faults.claims?.(claims, grant) ?? claims;
    this.faults.beforeSigning?.(grant);
    const idToken = this.#signed(changed, this.signing, this.faults.signature);
    this.#idTokens.add(idToken);
    return idToken;
  }

  #signed(
    claims: Members,
    { algorithm, kid }: { readonly algorithm: SigningAlgorithm; readonly kid?: string | undefined },
    spoil?: (signature: Buffer) => Buffer,
  ): string {
    const kind = algorithm === 'ES256' ? 'P-256' : 'RSA';
    const pair = this.keys.find((key) => key.pair.kind === kind && key.kid === kid)?.pair;
    const key = algorithm === 'HS256' ? CLIENT_SECRET : pair?.privateKey;
    return compactJws({ kid: algorithm === 'HS256' || algorithm === 'none' ? undefined : kid }, claims, {
      algorithm,
      key,
      spoil,
    });
  }

  #userinfo(request: SeenRequest): Script {
    const { headers, method, parameters } = request;
    const [, scheme, token = ''] = /^(Bearer|DPoP) (\S+)$/.exec(headers.authorization ?? '') ?? [];
    const granted = this.#accessTokens.get(token);
    if (
      granted === undefined ||
      parameters.has('access_token') ||
      method !== 'GET' ||
      (scheme === 'DPoP') !== (granted.thumbprint !== undefined)
    ) {
      return this.#refuse("The access token is in the wrong place, or isn't from this server.", 'invalid_token', 401);
    }
    const refusal =
      granted.thumbprint === undefined ? undefined : this.#refuseProof(request, token, granted.thumbprint);
    if (refusal !== undefined) {
      return refusal;
    }
    const claims = Object.assign(
      { sub: PERSON },
      ...granted.scope.split(' ').map((scope) => CLAIMS[scope] ?? {}),
    ) as Members;
    const changed = this.faults.userinfo?.(claims) ?? claims;
    if (this.userinfoSigning === undefined) {
      return { body: changed };
    }
    const jwt = this.#signed(
      { iss: this.issuer, aud: CLIENT_ID, ...changed },
      this.userinfoSigning,
      this.faults.userinfoSignature,
    );
    return { headers: { 'Content-Type': 'application/jwt' }, body: jwt };
  }

  /** What is wrong with the proof sent with a token; undefined if nothing is. */
  #refuseProof(request: SeenRequest, accessToken: string, thumbprint: string): Script | undefined {
    const judgement = this.#judge(request, 'userinfo', { accessToken, nonce: this.proofNonce?.value });
    if ('error' in judgement && judgement.error === 'use_dpop_nonce') {
      const { scheme, value } = this.proofNonce ?? { scheme: '', value: '' };
      return {
        status: 401,
        headers: { 'WWW-Authenticate': `${scheme} error="use_dpop_nonce"`, 'DPoP-Nonce': value },
        body: '',
      };
    }
    const isRight = 'thumbprint' in judgement && judgement.thumbprint === thumbprint;
    return isRight
      ? undefined
      : this.#refuse('The proof at the userinfo endpoint is invalid.', 'invalid_dpop_proof', 401);
  }

  #endSession(parameters: URLSearchParams): Script {
    const back = parameters.get('post_logout_redirect_uri') ?? '';
    const isRegistered =
      URL.canParse(back) &&
      new URL(back).hostname === '127.0.0.1' &&
      new URL(back).pathname === '/callback' &&
      new URL(back).search === '';
    if (
      !isRegistered ||
      !this.#idTokens.has(parameters.get('id_token_hint') ?? '') ||
      parameters.get('client_id') !== CLIENT_ID
    ) {
      return this.#refuse('The logout request is invalid.');
    }
    const state = parameters.get('state');
    const answer = new URLSearchParams(state === null ? {} : { state });
    this.faults.afterSignOut?.(answer);
    return { status: 302, headers: { Location: `${back}${answer.size === 0 ? '' : `?${answer.toString()}`}` } };
  }

  #now(): number {
    return Math.floor((this.#server.date?.() ?? Date.now()) / 1000);
  }

  /** A unique value that shows its kind. */
  #next(kind: 'access' | 'code' | 'reference' | 'refresh'): string {
    this.#issued += 1;
    return `${kind}-${this.#issued}-of-the-conformance-suite`;
  }
}
