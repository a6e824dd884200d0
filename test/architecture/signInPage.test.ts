// The page that the browser shows at the end of a sign-in must be readable for everyone (WCAG 2.2).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('../../media/sign-in-page.html', import.meta.url), 'utf8');

/** Returns the colors, by their names, of the first `:root` rule that follows a position of the page. */
function colorsAfter(position: number): ReadonlyMap<string, string> {
  const [, rule = ''] = /:root \{([^}]*)\}/u.exec(page.slice(position)) ?? [];
  return new Map([...rule.matchAll(/--(\w+): (#[0-9a-f]+);/gu)].map(([, name = '', color = '']) => [name, color]));
}

/** Returns the relative luminance of a color (WCAG 2.2, "relative luminance"), from 0 to 1. */
function luminance(color: string): number {
  const digits = color.length === 4 ? color.slice(1).replaceAll(/./gu, '$&$&') : color.slice(1);
  const [red = 0, green = 0, blue = 0] = (digits.match(/../gu) ?? [])
    .map((pair) => Number.parseInt(pair, 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Returns the contrast ratio of two colors (WCAG 2.2, "contrast ratio"), from 1 to 21. */
function contrast(first: string, second: string): number {
  const [darker = 0, lighter = 0] = [luminance(first), luminance(second)].toSorted((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

describe('the page at the end of a sign-in', () => {
  const themes = {
    light: colorsAfter(0),
    dark: colorsAfter(page.indexOf('prefers-color-scheme: dark')),
  };

  for (const [theme, colors] of Object.entries(themes)) {
    for (const text of ['ink', 'soft', 'success', 'error', 'neutral']) {
      it(`has enough contrast for "${text}" in the ${theme} theme (1.4.3)`, () => {
        const ratio = contrast(colors.get(text) ?? '#000', colors.get('card') ?? '#000');
        assert.ok(ratio >= 4.5, `${ratio.toFixed(2)} : 1`);
      });
    }
  }

  it('calculates contrast as WCAG defines it', () => {
    assert.equal(contrast('#000', '#fff').toFixed(0), '21');
    assert.equal(contrast('#777', '#ffffff').toFixed(2), '4.48');
  });

  it('has a language, a title, one heading and a status that screen readers announce (2.4.2, 3.1.1, 4.1.3)', () => {
    assert.match(page, /<html lang="\{\{language\}\}">/u);
    assert.match(page, /<title>\{\{heading\}\}/u);
    assert.equal(page.match(/<h1>/gu)?.length, 1);
    assert.match(page, /role="status"/u);
  });

  it('moves nothing (2.3.3)', () => {
    assert.doesNotMatch(page, /animation|transition|@keyframes/u);
  });

  it('can be zoomed (1.4.4)', () => {
    assert.doesNotMatch(page, /user-scalable|maximum-scale/u);
  });
});
