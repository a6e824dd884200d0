// Whether a secret is anywhere that it must not be: in a log, or in a part of a request where the protocol doesn't put it.
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import type { Journal, RawRequest, SecretKind } from './identityJournal.ts';

/** A text that must not contain a secret. */
export interface LogText {
  /** Its name in a complaint. */
  readonly name: string;
  /** The text. */
  readonly text: string;
}

/** A place in a request or a redirect. */
interface Place {
  readonly part: 'path' | 'query' | 'header' | 'body' | 'redirect';
  /** The requested path; empty in a redirect. */
  readonly path: string;
  /** The name of the parameter or header. */
  readonly name: string;
}

/** Where the protocol puts each secret: part, path and name, in lower case. */
const rightPlaces: Readonly<Record<SecretKind, readonly string[]>> = {
  'access token': ['header /me authorization', 'body /token/revocation token'],
  'refresh token': ['body /token refresh_token', 'body /token/revocation token'],
  'ID token': ['query /session/end id_token_hint', 'body /session/end id_token_hint', 'query /auth id_token_hint'],
  code: ['body /token code', 'redirect code'],
  'code verifier': ['body /token code_verifier'],
  'device code': ['body /token device_code'],
  nonce: ['query /auth nonce', 'body /request nonce'],
  state: [
    'query /auth state',
    'body /request state',
    'query /session/end state',
    'body /session/end state',
    'redirect state',
  ],
  'client secret': ['/token', '/token/revocation', '/request', '/device/auth'].flatMap((path) => [
    `header ${path} authorization`,
    `body ${path} client_secret`,
  ]),
  'client assertion': ['/token', '/token/revocation', '/request', '/device/auth'].map(
    (path) => `body ${path} client_assertion`,
  ),
};

/**
 * Searches for every secret that a server sent or received: in logs, which must not contain any, and in requests, where each
 * may be only where the protocol puts it.
 *
 * @param journal the server's journal
 * @param logs the logs
 * @returns the complaints, which contain the kind of a secret and the place, but never the secret; also one if there was
 *   no secret or nothing to search, because then nothing has been shown
 */
export function leaks(journal: Pick<Journal, 'secrets' | 'traffic' | 'redirects'>, logs: readonly LogText[]): string[] {
  return [
    ...(journal.secrets.size === 0 ? ['There was no secret to search for.'] : []),
    ...(logs.every(({ text }) => text.trim() === '') ? ['There was no log to search.'] : []),
    ...(journal.traffic.length === 0 ? ['There was no request to search.'] : []),
    ...logs.flatMap((log) => leaksInLog(journal.secrets, log)),
    ...leaksInTraffic(journal),
  ];
}

/**
 * Reads every log below a folder.
 *
 * @param folder where the logs are
 * @returns each file with its path below the folder
 * @throws the file system's error, if the folder can't be read
 */
export async function logsIn(folder: string): Promise<LogText[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return await Promise.all(
    paths.map(async (path) => ({ name: relative(folder, path), text: await readFile(path, 'utf8') })),
  );
}

/**
 * Whether the extension's own log has the level `trace`, so that it contains each request.
 *
 * @param logs the logs of an editor
 * @returns whether it does
 */
export function isTraced(logs: readonly LogText[]): boolean {
  return logs.some(({ text }) => /\[trace\] (?:GET|POST) \S+: /u.test(text));
}

function leaksInLog(secrets: ReadonlyMap<string, SecretKind>, { name, text }: LogText): string[] {
  const found = kindsIn(secrets, text);
  if (found.length === 0) {
    return [];
  }
  return text
    .split('\n')
    .flatMap((line, index) => kindsIn(secrets, line).map((kind) => `${kind} in ${name}, line ${String(index + 1)}`));
}

function leaksInTraffic({ secrets, traffic, redirects }: Pick<Journal, 'secrets' | 'traffic' | 'redirects'>): string[] {
  const complaints = new Set<string>();
  const look = (place: Place, text: string): void => {
    for (const kind of kindsIn(secrets, text)) {
      const where = [place.part, place.path, place.name].filter(Boolean).join(' ');
      if (!rightPlaces[kind].includes(where.toLowerCase())) {
        // The path and the name are from the network, too.
        complaints.add(`${kind} in ${kindsIn(secrets, where).length === 0 ? where : place.part}`);
      }
    }
  };
  for (const request of traffic) {
    for (const [place, text] of piecesOf(request)) {
      look(place, text);
    }
  }
  for (const redirect of redirects) {
    const address = new URL(redirect, 'http://127.0.0.1');
    look(
      { part: 'redirect', path: '', name: '' },
      address.href.slice(0, address.href.length - address.search.length - address.hash.length) + address.hash,
    );
    for (const [name, value] of address.searchParams) {
      look({ part: 'redirect', path: '', name }, value);
    }
  }
  return [...complaints];
}

function* piecesOf({ url, headers, body }: RawRequest): Generator<[Place, string]> {
  const { pathname: path, searchParams } = new URL(url, 'http://127.0.0.1');
  yield [{ part: 'path', path, name: '' }, path];
  for (const [name, value] of searchParams) {
    yield [{ part: 'query', path, name }, `${name}=${value}`];
  }
  for (const [name, value] of headers) {
    const basic = /^basic (.+)$/iu.exec(value)?.[1] ?? '';
    yield [{ part: 'header', path, name }, `${name}: ${value} ${Buffer.from(basic, 'base64').toString('latin1')}`];
  }
  const isForm = headers.some(
    ([name, value]) => name.toLowerCase() === 'content-type' && value.startsWith('application/x-www-form-urlencoded'),
  );
  for (const [name, value] of isForm ? new URLSearchParams(body) : [['', body] as const]) {
    yield [{ part: 'body', path, name }, `${name}=${value}`];
  }
}

/** The kinds of the secrets of which a text contains an identifying part. */
function kindsIn(secrets: ReadonlyMap<string, SecretKind>, text: string): SecretKind[] {
  const kinds = new Set<SecretKind>();
  for (const [secret, kind] of secrets) {
    if (!kinds.has(kind) && tracesOf(secret).some((trace) => text.includes(trace))) {
      kinds.add(kind);
    }
  }
  return [...kinds];
}

const traces = new Map<string, readonly string[]>();

/**
 * The parts that identify a secret, even if it was truncated or encoded: its start, its end, and the start of its Base64. A
 * JWT's header and claims start like any other's; its signature is unique.
 */
function tracesOf(secret: string): readonly string[] {
  let found = traces.get(secret);
  if (found === undefined) {
    const own = /^[\w-]+\.[\w-]+\.([\w-]{16,})$/u.exec(secret)?.[1] ?? secret;
    const ends = [own.slice(0, 16), own.slice(-16)];
    const encoded = (['base64', 'base64url'] as const).map((encoding) =>
      Buffer.from(own).toString(encoding).slice(0, 20),
    );
    found = [...new Set([...ends, ...ends.map(encodeURIComponent), ...encoded])];
    traces.set(secret, found);
  }
  return found;
}
