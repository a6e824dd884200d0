// The settings that are numbers: their limits, and the replacement for an invalid value.
import { MINUTE, SECOND } from '../core/clock.ts';
import { SETTINGS } from './ids.ts';

/** The limits of a setting, in its own unit. */
export interface NumberSetting {
  readonly name: string;
  readonly unit: 'seconds' | 'minutes';
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Whether 0 is also valid and turns it off. */
  readonly canBeOff: boolean;
}

/** Defines a setting by its unit, default, minimum and maximum. */
const define = (
  name: string,
  unit: NumberSetting['unit'],
  ...[fallback, minimum, maximum]: readonly [number, number, number]
): NumberSetting => ({
  name,
  unit,
  default: fallback,
  minimum,
  maximum,
  canBeOff: name === SETTINGS.refreshInterval,
});

/** The settings that are numbers. The limits keep them within the range of timers and dates. */
export const NUMBER_SETTINGS = {
  refreshLeeway: define(SETTINGS.refreshLeeway, 'seconds', 300, 0, 86_400),
  minimumValidity: define(SETTINGS.minimumValidity, 'seconds', 60, 0, 86_400),
  refreshInterval: define(SETTINGS.refreshInterval, 'minutes', 720, 5, 10_080),
  expiryWarning: define(SETTINGS.expiryWarning, 'minutes', 10, 0, 10_080),
  signInTimeout: define(SETTINGS.signInTimeout, 'minutes', 5, 0.1, 1440),
  idleTimeout: define(SETTINGS.idleTimeout, 'minutes', 0, 0, 525_600),
  gracePeriod: define(SETTINGS.gracePeriod, 'minutes', 5, 0, 60),
} as const;

/** A setting with an invalid value, and the value that is used instead, in the setting's unit. */
export interface NumberProblem {
  readonly setting: NumberSetting;
  readonly used: number;
}

/** The values of these settings, in ms, and the problems in them. */
export interface NumberSettings {
  readonly ms: Readonly<Record<keyof typeof NUMBER_SETTINGS, number>>;
  readonly problems: readonly NumberProblem[];
}

/**
 * Reads the settings that are numbers. A value that is out of range is replaced by the nearest limit, and one that isn't a
 * number by the default. VS Code marks such values in the settings editor, but returns them.
 * @param get returns the value of a setting by its name without the prefix; undefined if it isn't set.
 */
export function readNumberSettings(get: (name: string) => unknown): NumberSettings {
  const problems: NumberProblem[] = [];
  const read = (setting: NumberSetting): number => {
    const value = get(setting.name);
    const used = toValidValue(setting, value);
    if (value !== undefined && value !== used) {
      problems.push({ setting, used });
    }
    return used * (setting.unit === 'seconds' ? SECOND : MINUTE);
  };
  const entries = Object.entries(NUMBER_SETTINGS).map(([name, setting]) => [name, read(setting)] as const);
  return {
    ms: Object.fromEntries(entries) as NumberSettings['ms'],
    problems,
  };
}

function toValidValue({ canBeOff, default: fallback, minimum, maximum }: NumberSetting, value: unknown): number {
  if (typeof value !== 'number' || Number.isNaN(value)) {
    return fallback;
  }
  return canBeOff && value === 0 ? value : Math.min(Math.max(value, minimum), maximum);
}
