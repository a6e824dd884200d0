// The final page in the browser. Its layout is in media/sign-in-page.html, without scripts or external resources.

/** The text of a page. */
export interface Page {
  /** The language of the text, as a BCP 47 tag. */
  readonly language: string;
  readonly heading: string;
  /** Line breaks are kept. */
  readonly body: string;
  readonly status: 'success' | 'error' | 'neutral';
}

/** The pages of a sign-in, in the user's language. */
export interface Pages {
  /** The HTML template, `media/sign-in-page.html`. */
  readonly template: string;
  /** The sign-in succeeded. */
  readonly done: Page;
  /** It failed; with the reason and where to continue. */
  failed(error: unknown): Page;
  /** The callback belongs to another sign-in, or to none. */
  readonly mismatched: Page;
  /** The callback has already been received. */
  readonly duplicate: Page;
  /** There is no page at this URL. */
  readonly notFound: Page;
}

/** The pages for any kind of callback. */
export type AnswerPages = Pick<Pages, 'template' | 'mismatched' | 'duplicate' | 'notFound'>;

/** The pages after a sign-out at the server, in the user's language. */
export type SignOutPages = AnswerPages & Pick<Pages, 'done'>;

/** The headers of every response: nothing is cached, nothing is loaded, and no other site receives the URL. */
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

/** The HTML of a page: the template with each `{{name}}` replaced. Text from servers is escaped. */
export function renderPage(template: string, page: Page): string {
  const values: Readonly<Record<string, string>> = { ...page, sign: SIGNS[page.status] };
  return template.replace(/{{(\w+)}}/g, (_, name: string) => escape(values[name] ?? ''));
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
