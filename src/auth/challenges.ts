// The provider's side of VS Code's API for challenges, the proposed API `authenticationChallenges`. The caller's side is
// stable (`getSession` with `wwwAuthenticate`), and VS Code 1.108 to 1.139 don't check whether a provider may use the
// proposal. The types are declared here, because those of a proposal require a manifest key that published extensions must
// not have.
import type * as vscode from 'vscode';
import type { Constraint } from '../core/challenge.ts';

/** The methods that VS Code calls on a provider that is registered with `supportsChallenges`. */
export interface ChallengeProvider {
  /** Returns the sessions that meet a challenge; shows nothing. If the list is empty, VS Code offers to sign in. */
  getSessionsFromChallenges(
    constraint: Constraint,
    options: vscode.AuthenticationProviderSessionOptions,
  ): Thenable<readonly vscode.AuthenticationSession[]>;
  /** Signs in to meet a challenge. */
  createSessionFromChallenges(
    constraint: Constraint,
    options: vscode.AuthenticationProviderSessionOptions,
  ): Thenable<vscode.AuthenticationSession>;
}

/** The options of a registration, including the proposed one. */
export type RegistrationOptions = vscode.AuthenticationProviderOptions & { readonly supportsChallenges?: boolean };

/**
 * Registers a provider with support for challenges or, if VS Code rejects that, without.
 * @param register calls VS Code's function with these options.
 * @returns the registration, and whether it supports challenges.
 * @throws the error of VS Code if it rejects the second registration, too.
 */
export function registerForChallenges<T>(register: (options: RegistrationOptions) => T): {
  readonly registered: T;
  readonly supportsChallenges: boolean;
} {
  try {
    return {
      registered: register({ supportsMultipleAccounts: true, supportsChallenges: true }),
      supportsChallenges: true,
    };
  } catch {
    return { registered: register({ supportsMultipleAccounts: true }), supportsChallenges: false };
  }
}
