// Parses what users paste when asked for a URL or a code: with the line breaks of an email, in quotes, in a sentence.

/** Invisible characters that aren't part of a URL: zero-width, soft hyphen, directional marks, byte order mark. */
const INVISIBLE = /[\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF]/g;

/** HTML characters that a page or an email program may leave escaped. */
const ENTITIES: readonly (readonly [RegExp, string])[] = [
  // If escaped more than once, it's "&amp;amp;".
  [/&(?:amp;|#0*38;|#x0*26;)+/gi, '&'],
  [/&(?:lt|#0*60|#x0*3c);/gi, '<'],
  [/&(?:gt|#0*62|#x0*3e);/gi, '>'],
  [/&(?:quot|#0*34|#x0*22);/gi, '"'],
  [/&(?:apos|#0*39|#x0*27);/gi, "'"],
  [/&(?:nbsp|#0*160|#x0*a0);/gi, ' '],
];

/** The maximum length of a text to search, in characters, and the maximum number of URLs in it. */
const MAX_LENGTH = 32 * 1024;
const MAX_URLS = 10;

/** The marks with which email programs begin a quoted line. */
const QUOTED_LINE = /(\r?\n)[^\S\r\n]*(?:>[^\S\r\n]*)+/g;

/** Emphasis in Markdown, and punctuation that can be part of a code. */
const TRAILING_PUNCTUATION = /[*_~!?]+$/;

const OPENING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
const QUOTES = `"'\`´‘’‚‛“”„‟«»‹›<>`;

/** The characters that definitely end a URL: those that browsers encode, and the middle of a Markdown link. */
const END = /["<>`\u201C\u201D\u201E\u00AB\u00BB]|\]\(/;

/** A word of a sentence, as opposed to part of a URL or a code. */
const WORD = /^[\p{L}\u2019']+[.,;:!?)]*$/u;

/**
 * The texts that the user may have meant to paste, the most likely first: a whole URL, or part of one. None of them is
 * trusted; the caller uses the one that belongs to its sign-in.
 */
export function pastedTexts(pasted: string): string[] {
  const text = visible(pasted);
  const urls = [...text.matchAll(/https?:\/\//gi)].slice(0, MAX_URLS).map(({ index }) => text.slice(index));
  // Without a URL, the text before the question mark doesn't matter.
  const starts = [...urls, text.trim()];
  const texts = starts.flatMap((start) => [joined(start), start.replace(/\s+/g, ''), start.split(/\s/)[0] ?? '']);
  return [
    ...new Set([
      ...texts.map(trimmed),
      ...texts,
      ...texts.map((one) => trimmed(one).replace(TRAILING_PUNCTUATION, '')),
    ]),
  ].filter((one) => one !== '');
}

/** The single word that the user pasted, wrapped or not; undefined if it's a sentence. */
export function pastedWord(pasted: string): string | undefined {
  const word = trimmed(visible(pasted));
  return /\S[^\S\r\n]\S/.test(word) ? undefined : word.replace(/\s+/g, '');
}

function visible(pasted: string): string {
  const text = pasted.slice(0, MAX_LENGTH).replace(INVISIBLE, '').replace(QUOTED_LINE, '$1');
  return ENTITIES.reduce((cleaned, [entity, character]) => cleaned.replace(entity, character), text);
}

/** Removes the line breaks within a URL or code. */
function joined(text: string): string {
  const parts = [...text.trim().matchAll(/(\s*)(\S+)/g)].map(([, gap = '', word = '']) => ({ gap, word }));
  // A single space separates the words of a sentence. Several spaces, or a line break, show that a line was wrapped.
  const isSpace = (gap: string | undefined): boolean => gap !== undefined && /^[^\S\r\n]$/.test(gap);
  let whole = '';
  let isOver = false;
  for (const [index, { gap, word }] of parts.entries()) {
    const isInSentence = WORD.test(word) && (isSpace(gap) || isSpace(parts[index + 1]?.gap));
    const isAfterBlankLine = /\n[^\S\n]*\r?\n/.test(gap);
    if (index > 0 && (isInSentence || isAfterBlankLine || isOver)) {
      break;
    }
    whole += word;
    isOver = END.test(word);
  }
  return whole;
}

/** Removes the quotes and brackets around a text, and the punctuation of the sentence that contains it. */
function trimmed(text: string): string {
  const start = text.trim();
  let begin = 0;
  while (begin < start.length && `${QUOTES}([`.includes(start.charAt(begin))) {
    begin += 1;
  }
  const cut = start.slice(begin).split(END)[0] ?? '';
  const unopened = new Map(
    Object.entries(OPENING).map(([closing, opening]) => [closing, count(cut, closing) - count(cut, opening)]),
  );
  let end = cut.length;
  for (; end > 0; end -= 1) {
    const last = cut.charAt(end - 1);
    const left = unopened.get(last) ?? 0;
    const isUnopened = left > 0;
    unopened.set(last, left - 1);
    if (!isUnopened && !QUOTES.includes(last) && !'.,;:…'.includes(last) && last.trim() !== '') {
      break;
    }
  }
  return cut.slice(0, end);
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
