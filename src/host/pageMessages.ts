// The texts of the pages that the browser shows at the end of a sign-in or sign-out.
import * as vscode from 'vscode';
import type { Pages, SignOutPages } from '../flows/page.ts';
import { describeFailure } from './failureMessages.ts';

const { env, l10n } = vscode;

/** Returns the signInPages that the browser shows at the end of a sign-in. */
export function signInPages(provider: string, template: string): Pages {
  const language = env.language;
  const goBack = l10n.t('You can close this tab and return to VS Code.');
  return {
    template,
    done: { language, status: 'success', heading: l10n.t('You are signed in to {0}', provider), body: goBack },
    failed: (error) => ({
      language,
      status: 'error',
      heading: l10n.t('Signing in did not work'),
      body: `${describeFailure(error, provider, false)} ${goBack}`,
    }),
    mismatched: {
      language,
      status: 'error',
      heading: l10n.t('This answer belongs to another sign-in'),
      body: l10n.t(
        'It was not used. Finish in the tab that VS Code opened last, or start signing in again in VS Code.',
      ),
    },
    ...otherPages(language, goBack),
  };
}

/** Returns the signInPages that the browser shows at the end of a sign-out. */
export function signOutPages(provider: string, template: string): SignOutPages {
  const language = env.language;
  const close = l10n.t('You can close this tab.');
  return {
    template,
    done: { language, status: 'success', heading: l10n.t('You are signed out of {0}', provider), body: close },
    mismatched: {
      language,
      status: 'error',
      heading: l10n.t('This answer belongs to another sign-out'),
      body: l10n.t('It was not used. In VS Code you are signed out of {0} in any case.', provider),
    },
    ...otherPages(language, close),
  };
}

function otherPages(language: string, body: string): Pick<Pages, 'duplicate' | 'notFound'> {
  return {
    duplicate: { language, status: 'neutral', heading: l10n.t('This answer has arrived already'), body },
    notFound: { language, status: 'neutral', heading: l10n.t('There is nothing here'), body },
  };
}
