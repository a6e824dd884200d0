// Why an MCP server wasn't started, as VS Code passes it on: with a message for the user, and a name as from `getSession`.
import { errorName, toFailure } from '../core/failure.ts';
import type { Category } from '../core/failurePolicies.ts';
import type { ConfiguredMcpServer } from '../core/mcpServers.ts';
import { describeFailure } from '../host/failureMessages.ts';
import * as messages from '../host/mcpMessages.ts';
import { ResourceProblem } from '../protocol/protectedResource.ts';

/** What the user can do: nothing, sign in, add scopes, what the failure requires, or change the server's settings. */
export type McpRemedy = 'none' | 'sign-in' | 'add-scopes' | 'session' | 'settings';

/** An MCP server that wasn't started. */
export class McpRefusal extends Error {
  readonly code: Category;
  readonly remedy: McpRemedy;
  /** The scopes that the server requires in addition. */
  readonly missingScopes: readonly string[];

  constructor(
    category: Category,
    message: string,
    remedy: McpRemedy = 'settings',
    { cause, missingScopes = [] }: { readonly cause?: unknown; readonly missingScopes?: readonly string[] } = {},
  ) {
    super(message, { cause });
    this.name = errorName(category);
    this.code = category;
    this.remedy = remedy;
    this.missingScopes = missingScopes;
  }
}

/** Converts anything thrown to a refusal. */
export function refusalOf(error: unknown, { label, provider }: ConfiguredMcpServer): McpRefusal {
  if (error instanceof McpRefusal) {
    return error;
  }
  if (error instanceof ResourceProblem) {
    return new McpRefusal('issuer-mismatch', messages.describeResourceProblem(error, label));
  }
  const failure = toFailure(error);
  return new McpRefusal(failure.category, describeFailure(failure, provider.label), 'session', { cause: failure });
}
