import { uptime } from 'node:os';

/** How long, in ms, the machine has been running, its sleeps included; nobody can set that. Some systems count whole seconds. */
export function machineUptime(): number {
  return uptime() * 1000;
}
