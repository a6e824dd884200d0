// The page on which the browser ends. Its looks are in media/sign-in-page.html: no script, and nothing from elsewhere.

/** What a page says. */
export interface Page {
  /** The language of the words, as a BCP 47 tag. */
  readonly language: string;
  readonly heading: string;
  readonly body: string;
  readonly status: 'success' | 'error' | 'neutral';
}

/** The pages of a sign-in, in the person's language. */
export interface Pages {
  /** The HTML around the words, `media/sign-in-page.html`. */
  readonly template: string;
  /** It worked. */
  readonly done: Page;
  /** It did not; says why, and where to go on. */
  failed(error: unknown): Page;
  /** The answer belongs to another sign-in, or to none. */
  readonly mismatched: Page;
  /** The answer has been received before. */
  readonly duplicate: Page;
  /** There is nothing at this address. */
  readonly notFound: Page;
}

/** The pages that the browser gets where it comes back, whatever for. */
export type AnswerPages = Pick<Pages, 'template' | 'mismatched' | 'duplicate' | 'notFound'>;

/** The pages after a sign-out at the server, in the person's language. */
export type SignOutPages = AnswerPages & Pick<Pages, 'done'>;

/** Headers for every answer: nothing is kept, nothing is loaded, nothing learns the address. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Content-Type': 'text/html; charset=utf-8',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  Connection: 'close',
};

const SIGNS = { success: '✓', error: '!', neutral: 'i' } as const;

/** The HTML of a page: the template with each `{{name}}` replaced. What comes from servers arrives as text, not as HTML. */
export function renderPage(template: string, page: Page): string {
  const values: Readonly<Record<string, string>> = { ...page, sign: SIGNS[page.status] };
  return template.replace(/{{(\w+)}}/g, (_, name: string) => escape(values[name] ?? ''));
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
