// Lets a suite inside the extension host steer what is outside of it: the identity server and the person.
import { createServer } from 'node:http';
import type { Fault } from './identityFaults.ts';
import type { JournalEntry } from './identityJournal.ts';
import type { IdentityPolicy, IdentityServer } from './identityServer.ts';
import { listenOnLoopback } from './loopback.ts';
import type { Behaviour } from './person.ts';
import type { Log } from './progress.ts';

/** What can be asked for. Where it concerns a server, it is the one that is named, or the first. A fault has to be plain data, so `rewrite` names fields to set; null takes one away. */
export interface Orders {
  /** Which of the servers is meant. */
  readonly server?: string;
  /** Changes what the server decides anew with every request. */
  readonly policy?: Partial<IdentityPolicy>;
  /** Switches faults on, after those before have been switched off. */
  readonly faults?: readonly (Omit<Fault, 'action'> & {
    readonly action:
      | Exclude<Fault['action'], { kind: 'rewrite' }>
      | { readonly kind: 'set'; readonly fields: Readonly<Record<string, unknown>> };
  })[];
  /** What the person does when the next page opens. */
  readonly person?: Behaviour;
  /** Drops every grant at the server. */
  readonly revokeEverything?: boolean;
  /** A token to look up. */
  readonly token?: string;
  /** What the person types into the box that VS Code shows; it is there when the answer is. */
  readonly types?: string;
  /** A line of the suite's report. */
  readonly line?: string;
  /** The suite has ended with so many failures. */
  readonly failures?: number;
}

/** What is answered. */
export interface ControlAnswer {
  /** What has reached the server. */
  readonly journal: readonly JournalEntry[];
  /** The heading of the page on which what the person did in the browser has ended last. */
  readonly lastRead: string;
  /** Whether the token that was asked about is honoured by the server. */
  readonly isActive?: boolean;
}

/** A control that is listening. */
export interface Control {
  readonly address: string;
  /** What the person does now. */
  behaviour(): Behaviour;
  /** Takes the heading of a page that the person has read. */
  reads(heading: string): void;
  /** Resolves with the number of failures when a suite reports its end. */
  readonly ended: Promise<number>;
  stop(): void;
}

/** What a control commands. */
export interface Commanded {
  /** The servers by their names, of which the first is meant where none is named. */
  readonly servers: Readonly<Record<string, IdentityServer>>;
  /** Types into the box that VS Code shows. */
  readonly type: (text: string) => Promise<void>;
  /** Receives the lines of the report. */
  readonly log: Log;
}

/**
 * Takes orders for identity servers and one person, and the report of the suite that gives them.
 *
 * @param commanded all of these
 * @returns the control, once it listens
 */
export async function startControl({ servers, type, log }: Commanded): Promise<Control> {
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  let behaviour: Behaviour = { kind: 'signIn', account: 'demo' };
  let lastRead = '';
  const [usual = ''] = Object.keys(servers);
  const obey = async (orders: Orders): Promise<ControlAnswer> => {
    const identity = servers[orders.server ?? usual];
    if (identity === undefined) {
      throw new Error('There is no such server.');
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
    behaviour = orders.person ?? behaviour;
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
    behaviour: () => behaviour,
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
