import { readFileSync } from 'node:fs';
import { Failure } from '../../src/core/failure.ts';
import type { Page, Pages, SignOutPages } from '../../src/flows/page.ts';

const page = (heading: string, tone: Page['tone'] = 'neutral', body = 'Words.'): Page => ({
  language: 'en',
  heading,
  body,
  tone,
});

/** The pages of a sign-in with plain words, in the product's own template. */
export const plainPages: Pages = {
  template: readFileSync(new URL('../../media/sign-in-page.html', import.meta.url), 'utf8'),
  done: page('Signed in', 'good'),
  failed: (error) => page('Not signed in', 'bad', error instanceof Failure ? error.code : 'unexpected'),
  stray: page('Not this sign-in'),
  repeated: page('Received already'),
  missing: page('Nothing here'),
};

/** The pages after a sign-out, likewise. */
export const plainSignOutPages: SignOutPages = {
  ...plainPages,
  done: page('Signed out', 'good'),
  stray: page('Not this sign-out', 'bad'),
};
