// What of VS Code's contract for challenges is not in the stable API: the side of the provider, which VS Code proposes as
// `authenticationChallenges`. The side of the caller is stable (`getSession` with `wwwAuthenticate`), and VS Code 1.105 to
// 1.139 ask no provider whether it may answer. Declared here, because the types of a proposal come with its manifest key,
// which no published extension may have.
import type * as vscode from 'vscode';
import type { Constraint } from '../core/challenge.ts';

/** What VS Code looks for on a provider that has registered with `supportsChallenges`. */
export interface ChallengeProvider {
  /** The sessions that answer a challenge; shows nothing, and an empty list makes VS Code offer to sign in. */
  getSessionsFromChallenges(
    constraint: Constraint,
    options: vscode.AuthenticationProviderSessionOptions,
  ): Thenable<readonly vscode.AuthenticationSession[]>;
  /** Signs in so that the challenge is answered. */
  createSessionFromChallenges(
    constraint: Constraint,
    options: vscode.AuthenticationProviderSessionOptions,
  ): Thenable<vscode.AuthenticationSession>;
}

/** The options of a registration, with the proposed one. */
export type RegistrationOptions = vscode.AuthenticationProviderOptions & { readonly supportsChallenges?: boolean };

/**
 * Registers a provider as one that answers challenges; where VS Code refuses that, as one that does not.
 * @param register VS Code's own function, with everything but the options.
 * @returns whether challenges reach it, as far as VS Code says.
 * @throws whatever VS Code throws where it refuses the second time.
 */
export function registerForChallenges<T>(register: (options: RegistrationOptions) => T): {
  readonly registered: T;
  readonly answers: boolean;
} {
  try {
    return { registered: register({ supportsMultipleAccounts: true, supportsChallenges: true }), answers: true };
  } catch {
    return { registered: register({ supportsMultipleAccounts: true }), answers: false };
  }
}
