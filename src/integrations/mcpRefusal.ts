// Why an MCP server wasn't started, as VS Code passes it on: with a message for the user, and a name as from `getSession`.
import { errorName, toFailure } from '../core/failure.ts';
import type { Category } from '../core/failurePolicies.ts';
import type { ConfiguredMcpServer } from '../core/mcpServers.ts';
import { describeFailure } from '../host/failureMessages.ts';
import * as messages from '../host/mcpMessages.ts';
import { ResourceProblem } from '../protocol/protectedResource.ts';

/** An MCP server that wasn't started. */
export class McpRefusal extends Error {
  readonly code: Category;
  /** The scopes that the server requires in addition. */
  readonly missingScopes: readonly string[];

  constructor(category: Category, message: string, missingScopes: readonly string[] = [], cause?: unknown) {
    super(message, { cause });
    this.name = errorName(category);
    this.code = category;
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
  const message =
    failure.category === 'signed-out'
      ? messages.signedOut(label, provider.label)
      : describeFailure(failure, provider.label);
  return new McpRefusal(failure.category, message, [], failure);
}
