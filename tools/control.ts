// Lets a suite inside the extension host control what is outside of it: the identity server and the user.
import { createServer } from 'node:http';
import type { Fault } from './identityFaults.ts';
import type { JournalEntry } from './identityJournal.ts';
import type { IdentityPolicy, IdentityServer } from './identityServer.ts';
import { listenOnLoopback } from './loopback.ts';
import type { Behavior } from './person.ts';
import type { Log } from './progress.ts';

/** The commands. They apply to the named server, or to the first one. A fault must be plain data, so `rewrite` lists the fields to set; null removes one. */
export interface Orders {
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
  readonly person?: Behavior;
  /** Removes every grant at the server. */
  readonly revokeEverything?: boolean;
  /** A token to look up. */
  readonly token?: string;
  /** What the user types into the input box that VS Code shows; the box has it when the response arrives. */
  readonly types?: string;
  /** A line of the suite's report. */
  readonly line?: string;
  /** The suite has ended with this number of failures. */
  readonly failures?: number;
}

/** The response. */
export interface ControlAnswer {
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
export interface Commanded {
  /** The servers by name, of which the first is the default. */
  readonly servers: Readonly<Record<string, IdentityServer>>;
  /** Types into the input box that VS Code shows. */
  readonly type: (text: string) => Promise<void>;
  /** Receives the lines of the report. */
  readonly log: Log;
}

/**
 * Receives commands for identity servers and one user, and the report of the suite that sends them.
 *
 * @param commanded what is controlled
 * @returns the control, once it's listening
 */
export async function startControl({ servers, type, log }: Commanded): Promise<Control> {
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  let behavior: Behavior = { kind: 'signIn', account: 'demo' };
  let lastRead = '';
  const [usual = ''] = Object.keys(servers);
  const obey = async (orders: Orders): Promise<ControlAnswer> => {
    const identity = servers[orders.server ?? usual];
    if (identity === undefined) {
      throw new Error('Unknown server.');
    }
    Object.assign(identity.policy, orders.policy);
    if (orders.faults !== undefined) {
      identity.faults.clear();
      for (const { action, ...fault } of orders.faults) {
        identity.faults.add({
          ...fault,
          action: action.kind === 'set' ? { kind: 'rewrite', body: (body) => withFields(body, action.fields) } : action,
        });
      }
    }
    behavior = orders.person ?? behavior;
    if (orders.types !== undefined) {
      await type(orders.types);
    }
    if (orders.line !== undefined) {
      log(orders.line);
    }
    if (orders.failures !== undefined) {
      end(orders.failures);
    }
    if (orders.revokeEverything === true) {
      identity.revokeEverything();
    }
    const isActive = orders.token === undefined ? undefined : await identity.tokenIsActive(orders.token);
    return { journal: identity.journal.entries, lastRead, ...(isActive === undefined ? {} : { isActive }) };
  };
  const server = createServer((request, response) => {
    void (async () => {
      let text = '';
      for await (const chunk of request) {
        text += String(chunk);
      }
      const situation = await obey(JSON.parse(text) as Orders);
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
