// Creates the sessions of one window as the product does, with the ports of a simulator.
import { MINUTE, SECOND } from '../../../src/core/clock.ts';
import type { LifetimeSettings } from '../../../src/core/lifetime.ts';
import type { Provider } from '../../../src/core/provider.ts';
import { Discovery } from '../../../src/protocol/discovery.ts';
import type { Transport } from '../../../src/protocol/transport.ts';
import { allKeyNames } from '../keyNames.ts';
import { TestSessions, type TestSessionsDependencies } from '../testSessions.ts';

type Port = 'clock' | 'log' | 'secrets' | 'folder' | 'liveness' | 'cipher' | 'uptime' | 'random' | 'newId';
type OptionalPort = 'keyNames' | 'idleTimeouts' | 'minimumValidity' | 'gracePeriod' | 'onDidDegrade' | 'load';

/** The dependencies of one window. */
export interface WindowPorts
  extends Pick<TestSessionsDependencies, Port>, Partial<Pick<TestSessionsDependencies, OptionalPort>> {
  readonly fetch: typeof fetch;
  readonly providers: readonly Provider[];
  /** Settings that differ from the defaults. Without any, a session is refreshed only when its token expires. */
  readonly settings?: Partial<LifetimeSettings>;
  /** Returns the client secret of a provider. */
  readonly clientSecret?: (provider: Provider) => Promise<string | undefined>;
}

/** Returns the sessions of a window, not started, with what they share with sign-ins. */
export function createWindowSessions(ports: WindowPorts): {
  readonly sessions: TestSessions;
  readonly discovery: Discovery;
  readonly transport: Transport;
} {
  const { clock, log, providers } = ports;
  const transport: Transport = { clock, log, timeout: 20 * SECOND, fetch: ports.fetch };
  const discovery = new Discovery(transport, ports.clientSecret);
  const settings = { leeway: 5 * MINUTE, refreshInterval: 0, warning: 10 * MINUTE, ...ports.settings };
  const sessions = new TestSessions({
    keyNames: allKeyNames,
    minimumValidity: () => MINUTE,
    gracePeriod: () => 5 * MINUTE,
    idleTimeouts: () => new Map(),
    onDidDegrade: () => {},
    ...ports,
    transport,
    discovery,
    provider: (id) => providers.find((one) => one.id === id),
    lifetimes: () => settings,
  });
  return { sessions, discovery, transport };
}
