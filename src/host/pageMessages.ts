// The texts of the pages that the browser shows at the end of a sign-in or sign-out.
import * as vscode from 'vscode';
import type { Pages, SignOutPages } from '../flows/page.ts';
import { describeFailure } from './failureMessages.ts';

const { env, l10n } = vscode;

/** Returns the pages that the browser shows at the end of a sign-in. */
export function signInPages(provider: string, template: string): Pages {
  const language = env.language;
  const returnToEditor = l10n.t('You can close this tab and return to VS Code.');
  return {
    template,
    done: { language, status: 'success', heading: l10n.t("You're signed in to {0}", provider), body: returnToEditor },
    failed: (error) => ({
      language,
      status: 'error',
      heading: l10n.t('Sign-in failed'),
      body: `${describeFailure(error, provider, false)}\n\n${returnToEditor}`,
    }),
    mismatched: {
      language,
      status: 'error',
      heading: l10n.t('This sign-in link is no longer valid'),
      body: l10n.t('Continue in the tab that VS Code opened last, or sign in again from VS Code.'),
    },
    ...otherPages(language, returnToEditor),
  };
}

/** Returns the pages that the browser shows at the end of a sign-out. */
export function signOutPages(provider: string, template: string): SignOutPages {
  const language = env.language;
  const close = l10n.t('You can close this tab.');
  return {
    template,
    done: { language, status: 'success', heading: l10n.t("You're signed out of {0}", provider), body: close },
    mismatched: {
      language,
      status: 'neutral',
      heading: l10n.t('This sign-out link is no longer valid'),
      body: `${l10n.t("You're already signed out of {0} in VS Code.", provider)} ${close}`,
    },
    ...otherPages(language, close),
  };
}

function otherPages(language: string, body: string): Pick<Pages, 'duplicate' | 'notFound'> {
  return {
    duplicate: { language, status: 'neutral', heading: l10n.t('This link was already used'), body },
    notFound: { language, status: 'neutral', heading: l10n.t('Page not found'), body },
  };
}
