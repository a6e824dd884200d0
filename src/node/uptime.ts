import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { systemClock, type Clock } from '../core/clock.ts';

/** How long, in ms, the machine has been running, its sleeps included; nobody can set that. Some systems count whole seconds. */
export function nodeUptime(): number {
  return uptime() * 1000;
}

let boot: string | undefined;

/** Identifies the machine and, on Linux, its start; elsewhere an uptime that went back shows that the machine was restarted. */
function bootId(): string {
  boot ??= createHash('sha256').update(`${hostname()} ${linuxBootId()}`).digest('base64url').slice(0, 16);
  return boot;
}

/** Identifies one start of this machine: `boot_id` of the kernel, the same in all containers; empty where there is none. */
export function linuxBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** The clock of the machine, with its uptime. */
export const nodeClock: Clock = { ...systemClock, uptime: () => ({ boot: bootId(), ms: nodeUptime() }) };
