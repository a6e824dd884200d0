import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import { isFresh, plannedRefresh } from '../../../src/core/lifetime.ts';
import { formatNumber } from '../../../src/host/formatting.ts';
import { PREFIX, SETTINGS } from '../../../src/host/ids.ts';
import { NUMBER_SETTINGS, readNumberSettings, type NumberSettings } from '../../../src/host/numberSettings.ts';
import { Settings } from '../../../src/host/settings.ts';
import { describeNumberProblem } from '../../../src/host/settingsMessages.ts';
import { editor } from '../../support/fakeEditor.ts';

type Name = keyof typeof NUMBER_SETTINGS;

/** Reads the settings if one of them has a value. */
const reading = (name: Name, value: unknown): NumberSettings =>
  readNumberSettings((one) => (one === name ? value : undefined));
/** Returns the used value of a setting, in its own unit, and the messages about it. */
const used = (name: Name, value: unknown): [number, ...string[]] => {
  const { ms, problems } = reading(name, value);
  return [
    ms[name] / (NUMBER_SETTINGS[name].unit === 'seconds' ? SECOND : MINUTE),
    ...problems.map(describeNumberProblem),
  ];
};

describe('the number settings', () => {
  it('have defaults, in ms, without a message', () => {
    const { ms, problems } = readNumberSettings(() => undefined);
    assert.deepEqual(ms, {
      refreshLeeway: 5 * MINUTE,
      minimumValidity: MINUTE,
      refreshInterval: 12 * HOUR,
      expiryWarning: 10 * MINUTE,
      signInTimeout: 5 * MINUTE,
      idleTimeout: 0,
      gracePeriod: 5 * MINUTE,
    });
    assert.deepEqual(problems, []);
  });

  it('are used unchanged within their limits', () => {
    for (const [name, values] of [
      ['refreshLeeway', [0, 0.5, 300, 86_400]],
      ['minimumValidity', [0, 1, 60, 86_400]],
      ['refreshInterval', [0, 5, 5.5, 720, 10_080]],
      ['expiryWarning', [0, 10, 10_080]],
      ['signInTimeout', [0.1, 5, 1440]],
      ['idleTimeout', [0, 0.05, 30, 525_600]],
      ['gracePeriod', [0, 0.5, 5, 60]],
    ] as const) {
      for (const value of values) {
        assert.deepEqual(used(name, value), [value], `${name} ${value}`);
      }
    }
  });

  it('are replaced by the nearest limit if they are out of range, with a message', () => {
    const interval = (limit: number): [number, string] => [
      limit,
      `"sessionKeeper.refreshInterval" must be 0 or between 5 and 10,080 minutes. Using ${formatNumber(limit)} minutes.`,
    ];
    for (const value of [10_080.1, 20_000, 1e300, Infinity]) {
      assert.deepEqual(used('refreshInterval', value), interval(10_080), String(value));
    }
    for (const value of [0.1, 1, 4.99, -1, -720, -Infinity]) {
      assert.deepEqual(used('refreshInterval', value), interval(5), String(value));
    }
    assert.deepEqual(used('refreshLeeway', -1), [
      0,
      '"sessionKeeper.refreshLeeway" must be between 0 and 86,400 seconds. Using 0 seconds.',
    ]);
    assert.deepEqual(used('refreshLeeway', 86_401), [
      86_400,
      '"sessionKeeper.refreshLeeway" must be between 0 and 86,400 seconds. Using 86,400 seconds.',
    ]);
    assert.deepEqual(used('minimumValidity', 1e9), [
      86_400,
      '"sessionKeeper.minimumValidity" must be between 0 and 86,400 seconds. Using 86,400 seconds.',
    ]);
    assert.deepEqual(used('signInTimeout', 0), [
      0.1,
      '"sessionKeeper.signInTimeout" must be between 0.1 and 1,440 minutes. Using 0.1 minutes.',
    ]);
    assert.deepEqual(used('idleTimeout', -5)[0], 0);
    assert.deepEqual(used('expiryWarning', 99_999)[0], 10_080);
  });

  it("are replaced by the default if they aren't numbers, with a message", () => {
    for (const name of Object.keys(NUMBER_SETTINGS) as Name[]) {
      const { default: fallback } = NUMBER_SETTINGS[name];
      for (const value of [NaN, '', '720', 'often', null, true, false, {}, [], [720], { minutes: 5 }]) {
        const [is, message = '', ...more] = used(name, value);
        assert.deepEqual([is, more], [fallback, []], `${name} ${JSON.stringify(value)}`);
        assert.match(
          message,
          new RegExp(`^"sessionKeeper\\.${name}" must be .* Using ${fallback} (?:second|minute)s?\\.$`),
        );
      }
    }
  });
});

describe('the settings as they are used', () => {
  const T = Date.UTC(2031, 0, 1);
  const renewable = (lifetime?: number): Parameters<typeof plannedRefresh>[0] => ({
    tokensRequestedAt: T,
    isRefreshable: true,
    accessExpiresAt: lifetime === undefined ? undefined : T + lifetime,
  });
  let settings: Settings;
  const set = (name: keyof typeof SETTINGS, value: unknown): void =>
    editor.configure(`${PREFIX}.${SETTINGS[name]}`, value);
  const dueAfter = (lifetime?: number): number =>
    (plannedRefresh(renewable(lifetime), settings.lifetimes())?.at ?? NaN) - T;

  beforeEach(() => {
    editor.reset();
    settings = new Settings(0);
  });

  afterEach(() => {
    settings.dispose();
  });

  it('are in seconds for the leeway, which is subtracted from the expiry', () => {
    assert.equal(dueAfter(HOUR), HOUR - 300 * SECOND);
    set('refreshLeeway', 600);
    assert.equal(dueAfter(HOUR), HOUR - 600 * SECOND);
    set('refreshLeeway', 0);
    assert.equal(dueAfter(HOUR), HOUR);
    set('refreshLeeway', -5);
    assert.equal(dueAfter(HOUR), HOUR);
  });

  it('are in minutes for the refresh interval, after which a token with an unknown lifetime is renewed', () => {
    assert.deepEqual([dueAfter(), dueAfter(30 * DAY), dueAfter(HOUR)], [12 * HOUR, 12 * HOUR, HOUR - 5 * MINUTE]);
    assert.equal(plannedRefresh(renewable(), settings.lifetimes())?.reason, 'refresh interval');
    set('refreshInterval', 60);
    assert.equal(dueAfter(), HOUR);
    set('refreshInterval', 1);
    assert.equal(dueAfter(), 5 * MINUTE);
    set('refreshInterval', 1e6);
    assert.equal(dueAfter(), 7 * DAY);
    set('refreshInterval', 0);
    assert.deepEqual([dueAfter(), dueAfter(30 * DAY)], [NaN, 30 * DAY - 5 * MINUTE]);
  });

  it('are in seconds for the minimum validity', () => {
    const isEnough = (left: number): boolean => isFresh(renewable(HOUR), T + HOUR - left, settings.minimumValidity());
    assert.deepEqual([isEnough(60 * SECOND), isEnough(61 * SECOND)], [false, true]);
    set('minimumValidity', 600);
    assert.deepEqual([isEnough(600 * SECOND), isEnough(601 * SECOND)], [false, true]);
    set('minimumValidity', 0);
    assert.deepEqual([isEnough(0), isEnough(1)], [false, true]);
    set('minimumValidity', 1e12);
    assert.equal(settings.minimumValidity(), DAY);
  });

  it('are in minutes for the warning, the sign-in timeout and the idle timeout', () => {
    set('expiryWarning', 20);
    set('signInTimeout', 2);
    set('idleTimeout', 45);
    set('providers', [
      { issuer: 'https://a.example', clientId: 'c' },
      { id: 'b', issuer: 'https://b.example', clientId: 'c', idleTimeout: 5 },
    ]);
    assert.deepEqual([settings.lifetimes().warning, settings.signInTimeout()], [20 * MINUTE, 2 * MINUTE]);
    assert.deepEqual(
      [...settings.idleTimeouts()],
      [
        ['oidc', 45 * MINUTE],
        ['b', 5 * MINUTE],
      ],
    );
  });

  it('are reported while they are out of range', () => {
    const found = (): [string, number][] =>
      settings.numberProblems.map(({ setting, used: instead }) => [setting.name, instead]);
    assert.deepEqual(found(), []);
    set('refreshInterval', 2);
    set('refreshLeeway', 'long');
    assert.deepEqual(found(), [
      ['refreshLeeway', 300],
      ['refreshInterval', 5],
    ]);
    set('refreshInterval', 720);
    set('refreshLeeway', 300);
    assert.deepEqual(found(), []);
  });
});
