// Lets a suite inside the extension host control what is outside of it: the identity server and the user.
import { createServer } from 'node:http';
import type { Fault } from './identityFaults.ts';
import type { JournalEntry } from './identityJournal.ts';
import type { IdentityPolicy, IdentityServer } from './identityServer.ts';
import { listenOnLoopback } from './loopback.ts';
import type { Behavior } from './simulatedUser.ts';
import type { Log } from './progress.ts';

/** The commands. They apply to the named server, or to the first one. A fault must be plain data, so `rewrite` lists the fields to set; null removes one. */
export interface ControlCommand {
  /** The name of the server. */
  readonly server?: string;
  /** Changes the policy that the server applies to each request. */
  readonly policy?: Partial<IdentityPolicy>;
  /** Enables faults, after disabling the previous ones. */
  readonly faults?: readonly (Omit<Fault, 'action'> & {
    readonly action:
      | Exclude<Fault['action'], { kind: 'rewrite' }>
      | { readonly kind: 'set'; readonly fields: Readonly<Record<string, unknown>> };
  })[];
  /** What the user does when the next page opens. */
  readonly user?: Behavior;
  /** Removes every grant at the server. */
  readonly revokeEverything?: boolean;
  /** A token to look up. */
  readonly token?: string;
  /** What the user types into the input box that VS Code shows; the box has it when the response arrives. */
  readonly types?: string;
  /** A key that the user presses in VS Code, in Playwright's notation; the window is then active. */
  readonly key?: string;
  /** A line of the suite's report. */
  readonly line?: string;
  /** The suite has ended with this number of failures. */
  readonly failures?: number;
}

/** The response. */
export interface ControlResponse {
  /** The requests that the server has received. */
  readonly journal: readonly JournalEntry[];
  /** The heading of the final page of the user's latest actions in the browser. */
  readonly lastRead: string;
  /** Whether the server accepts the given token. */
  readonly isActive?: boolean;
}

/** A control that is listening. */
export interface Control {
  readonly address: string;
  /** What the user does now. */
  behavior(): Behavior;
  /** Receives the heading of a page that the user has seen. */
  reads(heading: string): void;
  /** Resolves with the number of failures when a suite reports its end. */
  readonly ended: Promise<number>;
  stop(): void;
}

/** What is controlled. */
export interface ControlOptions {
  /** The servers by name, of which the first is the default. */
  readonly servers: Readonly<Record<string, IdentityServer>>;
  /** Types into the input box that VS Code shows. */
  readonly type: (text: string) => Promise<void>;
  /** Presses a key in VS Code. */
  readonly press: (key: string) => Promise<void>;
  /** Receives the lines of the report. */
  readonly log: Log;
}

/**
 * Receives commands for identity servers and one user, and the report of the suite that sends them.
 *
 * @param options what is controlled
 * @returns the control, once it's listening
 */
export async function startControl({ servers, type, press, log }: ControlOptions): Promise<Control> {
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  let behavior: Behavior = { kind: 'signIn', account: 'demo' };
  let lastRead = '';
  const [usual = ''] = Object.keys(servers);
  const execute = async (command: ControlCommand): Promise<ControlResponse> => {
    const identity = servers[command.server ?? usual];
    if (identity === undefined) {
      throw new Error('Unknown server.');
    }
    Object.assign(identity.policy, command.policy);
    if (command.faults !== undefined) {
      identity.faults.clear();
      for (const { action, ...fault } of command.faults) {
        identity.faults.add({
          ...fault,
          action: action.kind === 'set' ? { kind: 'rewrite', body: (body) => withFields(body, action.fields) } : action,
        });
      }
    }
    behavior = command.user ?? behavior;
    if (command.types !== undefined) {
      await type(command.types);
    }
    if (command.key !== undefined) {
      await press(command.key);
    }
    if (command.line !== undefined) {
      log(command.line);
    }
    if (command.failures !== undefined) {
      end(command.failures);
    }
    if (command.revokeEverything === true) {
      identity.revokeEverything();
    }
    const isActive = command.token === undefined ? undefined : await identity.tokenIsActive(command.token);
    return { journal: identity.journal.entries, lastRead, ...(isActive === undefined ? {} : { isActive }) };
  };
  const server = createServer((request, response) => {
    void (async () => {
      let text = '';
      for await (const chunk of request) {
        text += String(chunk);
      }
      const situation = await execute(JSON.parse(text) as ControlCommand);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(situation));
    })().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const port = await listenOnLoopback(server);
  return {
    address: `http://127.0.0.1:${String(port)}`,
    behavior: () => behavior,
    reads: (heading) => {
      lastRead = heading;
    },
    ended,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function withFields(body: Readonly<Record<string, unknown>>, fields: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(Object.entries({ ...body, ...fields }).filter(([, value]) => value !== null));
}
