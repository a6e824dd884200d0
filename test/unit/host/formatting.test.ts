import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/core/clock.ts';
import {
  formatAlternatives,
  formatDuration,
  formatList,
  formatNumber,
  formatTime,
  formatTimeUntil,
  formatUnit,
} from '../../../src/host/formatting.ts';
import { env } from '../../support/fakeEditor.ts';

/** VS Code separates the time from "AM" by a narrow no-break space, and Arabic text contains direction marks. */
const plain = (text: string): string => text.replace(/[\u00A0\u202F]/gu, ' ').replace(/[\u200E\u200F\u061C]/gu, '');

describe('formatting', () => {
  const { language } = env;

  afterEach(() => {
    env.language = language;
  });

  /** Returns a text in English, German, Japanese, Russian and Arabic. */
  const inEachLanguage = (format: () => string): string[] =>
    ['en', 'de', 'ja', 'ru', 'ar'].map((tag) => {
      env.language = tag;
      return plain(format());
    });

  it('shows a duration in the most suitable unit', () => {
    assert.deepEqual([3 * DAY, 5 * HOUR, 90 * MINUTE, MINUTE, 5 * SECOND, SECOND, 0].map(formatDuration), [
      '3 days',
      '5 hours',
      '90 minutes',
      '1 minute',
      '5 seconds',
      '1 second',
      '0 seconds',
    ]);
  });

  it('has the plural forms of each language', () => {
    assert.deepEqual(
      inEachLanguage(() => formatUnit(1, 'minute')),
      ['1 minute', '1 Minute', '1 分', '1 минута', 'دقيقة'],
    );
    assert.deepEqual(
      inEachLanguage(() => formatDuration(3 * MINUTE)),
      ['3 minutes', '3 Minuten', '3 分', '3 минуты', '3 دقائق'],
    );
    assert.deepEqual(inEachLanguage(() => formatDuration(5 * MINUTE)).slice(3), ['5 минут', '5 دقائق']);
    assert.deepEqual(inEachLanguage(() => formatDuration(11 * DAY)).slice(3), ['11 дней', '11 يومًا']);
  });

  it('shows the time until something happens, in the grammatical case that follows "in"', () => {
    assert.deepEqual(
      inEachLanguage(() => formatTimeUntil(3 * DAY)),
      ['in 3 days', 'in 3 Tagen', '3 日後', 'через 3 дня', 'خلال 3 أيام'],
    );
  });

  it('groups the digits of a number', () => {
    assert.deepEqual(inEachLanguage(() => formatNumber(10_080)).slice(0, 4), ['10,080', '10.080', '10,080', '10 080']);
  });

  it('joins a list', () => {
    const items = ['a', 'b', 'c'];
    assert.deepEqual(
      inEachLanguage(() => formatList(items)),
      ['a, b, and c', 'a, b und c', 'a、b、c', 'a, b и c', 'a وb وc'],
    );
    assert.deepEqual(
      inEachLanguage(() => formatAlternatives(items)),
      ['a, b, or c', 'a, b oder c', 'a、b、またはc', 'a, b или c', 'a أو b أو c'],
    );
    assert.deepEqual([formatList([]), formatList(['a'])], ['', 'a']);
  });

  it("shows the date only if it isn't today", () => {
    const at = new Date(2026, 4, 3, 15, 7, 9).getTime();
    assert.equal(plain(formatTime(at, at)), '3:07:09 PM');
    assert.equal(plain(formatTime(at, at + DAY)), 'May 3, 2026, 3:07 PM');
    env.language = 'de';
    assert.deepEqual([formatTime(at, at), formatTime(at, at + DAY)], ['15:07:09', '03.05.2026, 15:07']);
  });

  it("shows the seconds only if it's now or in less than two minutes", () => {
    const at = new Date(2026, 4, 3, 15, 7, 9).getTime();
    const shownAt = (now: number): string => plain(formatTime(at, now));
    assert.deepEqual([at - 2 * MINUTE, at - 2 * MINUTE + 1, at, at + 1, at - HOUR].map(shownAt), [
      '3:07 PM',
      '3:07:09 PM',
      '3:07:09 PM',
      '3:07 PM',
      '3:07 PM',
    ]);
    const midnight = new Date(2026, 4, 4, 0, 0, 30).getTime();
    assert.equal(plain(formatTime(midnight, midnight - MINUTE)), 'May 4, 2026, 12:00:30 AM');
  });

  it("is in English if the display language isn't a valid tag", () => {
    env.language = 'zh_CN';
    assert.equal(formatDuration(2 * HOUR), '2 hours');
    env.language = '';
    assert.equal(formatDuration(2 * HOUR), '2 hours');
  });
});
