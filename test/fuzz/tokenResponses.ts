// The responses to a sign-in and to a refresh.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { createAuthorizationRequest } from '../../src/protocol/authorize.ts';
import { Discovery, type ServerContext } from '../../src/protocol/discovery.ts';
import { exchangeCode } from '../../src/protocol/exchange.ts';
import { requestRefresh } from '../../src/protocol/refresh.ts';
import type { Transport } from '../../src/protocol/transport.ts';
import { answerTo, GOOD_TOKENS, jwtWith, providerAt, REDIRECT_URI } from '../support/fixtures.ts';
import { response, toResponse, type FuzzedResponse } from './inputs.ts';
import { METADATA } from './metadata.ts';
import { resultOrFailure, target } from './target.ts';

const SENT = 'refresh-token-that-was-sent-0123456789';
const RECEIVED = 'refresh-token-that-came-back-0123456789';
const SAMPLE = {
  ...GOOD_TOKENS,
  refresh_token: RECEIVED,
  scope: 'read write',
  id_token: jwtWith({ iss: 'https://id.example.com', aud: 'editor', sub: 'person-1', exp: 4_000_000_000, iat: 1 }),
  refresh_expires_in: 3600,
};

const transportFor = (answer: () => Response): Transport => ({
  fetch: () => Promise.resolve(answer()),
  clock: systemClock,
  log: silentLog,
  timeout: 10_000,
});

async function serverContext(): Promise<ServerContext> {
  const transport = transportFor(() => Response.json(METADATA));
  return new Discovery(transport).find(providerAt('https://id.example.com'));
}

/** Whether the response is a success whose refresh token a person could read. */
function hasRefreshToken({ body, status, type }: FuzzedResponse): boolean {
  try {
    const parsed = JSON.parse(body) as unknown;
    const token = typeof parsed === 'object' && parsed !== null && 'refresh_token' in parsed && parsed.refresh_token;
    return status === 200 && type === 'application/json' && token === RECEIVED && !('error' in (parsed as object));
  } catch {
    return false;
  }
}

/** A new refresh token is never lost, whatever else the response contains, and no token gets into a message. */
export const tokenResponses = target(
  'token responses',
  fc.tuple(response(SAMPLE), fc.boolean()),
  async ([answer, isRefresh]) => {
    const server = await serverContext();
    const transport = transportFor(() => toResponse(answer));
    if (!isRefresh) {
      const request = await createAuthorizationRequest(server, REDIRECT_URI, ['read']);
      const { signal } = new AbortController();
      await resultOrFailure(
        () => exchangeCode(server, request, answerTo(request), transport, signal),
        [RECEIVED, request.codeVerifier],
      );
      return;
    }
    const refreshed = await resultOrFailure(
      () => requestRefresh(server, SENT, { subject: 'person-1' }, transport),
      [SENT, RECEIVED],
    );
    if (hasRefreshToken(answer)) {
      assert.equal(refreshed?.refreshToken, RECEIVED, 'The new refresh token is lost.');
    }
    await resultOrFailure(() => refreshed?.verify(), [SENT, RECEIVED]);
  },
);
