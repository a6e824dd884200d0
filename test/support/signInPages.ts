import { readFileSync } from 'node:fs';
import { Failure } from '../../src/core/failure.ts';
import type { Page, Pages, SignOutPages } from '../../src/flows/page.ts';

const page = (heading: string, status: Page['status'] = 'neutral', body = 'Words.'): Page => ({
  language: 'en',
  heading,
  body,
  status,
});

/** The pages of a sign-in with plain texts, in the product's own template. */
export const plainPages: Pages = {
  template: readFileSync(new URL('../../media/sign-in-page.html', import.meta.url), 'utf8'),
  done: page('Signed in', 'success'),
  failed: (error) => page('Not signed in', 'error', error instanceof Failure ? error.code : 'unexpected'),
  mismatched: page('Not this sign-in'),
  duplicate: page('Received already'),
  notFound: page('Nothing here'),
};

/** The pages after a sign-out, in the same way. */
export const plainSignOutPages: SignOutPages = {
  ...plainPages,
  done: page('Signed out', 'success'),
  mismatched: page('Not this sign-out', 'error'),
};
