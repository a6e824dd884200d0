// The browser returns to a port of this machine: RFC 8252 section 7.3.
import { redirectTarget, redirectUrisOf } from '../core/redirectUri.ts';
import { startAuthorizationCode } from './authorizationCodeFlow.ts';
import { NO_CODE_GRANT, reasonsThatHold } from './availability.ts';
import type { SignInFlow } from './signInFlow.ts';

/** Signing in with a loopback redirect. */
export const loopbackFlow: SignInFlow<'loopback'> = {
  id: 'loopback',
  redirectsTo: 'loopback-port',
  unavailableBecause: (context) =>
    reasonsThatHold(context, [
      ['cannot-listen', ({ environment }) => environment.isWorker],
      ['browser-elsewhere', ({ environment }) => environment.isBrowser && !environment.isPageLocal],
      NO_CODE_GRANT,
    ]),
  redirectUris: (provider) => redirectUrisOf(provider),
  start: (context) =>
    startAuthorizationCode(context, {
      method: 'loopback',
      open: (pages) => context.loopbackReceivers.open(redirectTarget(context.request.provider), pages, context.signal),
      hasWaitingHint: true,
    }),
};
