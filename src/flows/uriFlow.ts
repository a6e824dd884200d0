// The browser opens the editor through a URI of its own scheme: RFC 8252 section 7.1.
import { startAuthorizationCode } from './authorizationCodeFlow.ts';
import { NO_CODE_GRANT, reasonsThatHold } from './availability.ts';
import type { SignInFlow } from './signInFlow.ts';

/** Signing in with a callback URI of the editor. */
export const uriFlow: SignInFlow<'uri'> = {
  id: 'uri',
  redirectsTo: 'editor',
  unavailableBecause: (context) =>
    reasonsThatHold(context, [
      ['not-registered', ({ provider }) => provider.signInMethod !== 'uri'],
      ['address-changes', ({ environment }) => environment.isBrowser],
      ['link-elsewhere', ({ environment }) => environment.isRemote && !environment.isBrowser],
      NO_CODE_GRANT,
    ]),
  redirectUris: (_provider, callbackUri) => [callbackUri],
  start: (context) =>
    startAuthorizationCode(context, {
      method: 'uri',
      open: async () =>
        context.dependencies.uriCallbackRouter.createReceiver(await context.dependencies.getCallbackUri()),
    }),
};
