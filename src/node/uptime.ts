import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { systemClock, type Clock } from '../core/clock.ts';

/** Returns the machine's uptime, in ms, including sleep. It can't be set. Some systems count whole seconds. */
export function nodeUptime(): number {
  return uptime() * 1000;
}

let boot: string | undefined;

/** Identifies the machine and, on Linux, the boot. Elsewhere, a lower uptime reveals a restart. */
function bootId(): string {
  boot ??= createHash('sha256').update(`${hostname()} ${linuxBootId()}`).digest('base64url').slice(0, 16);
  return boot;
}

/** Returns the kernel's `boot_id`, which is the same in all containers; empty if there is none. */
export function linuxBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** The system clock, with the machine's uptime. */
export const nodeClock: Clock = { ...systemClock, uptime: () => ({ boot: bootId(), ms: nodeUptime() }) };
