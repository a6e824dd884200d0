// The step for the redirect URI, without the boxes: which choices there are, and what has to be registered for each.
import { DEFAULT_REDIRECT_URI, portOf, redirectUrisOf, usesAnyPort, type RedirectFields } from '../core/redirectUri.ts';

/** What the server accepts: any port, certain ports, or a redirect URI that is registered already. */
export const REDIRECT_KINDS = ['any-port', 'ports', 'redirect-uri'] as const;
/** One of them. */
export type RedirectKind = (typeof REDIRECT_KINDS)[number];

/** What has been answered so far. */
export interface RedirectDraft extends RedirectFields {
  readonly redirectKind: RedirectKind;
}

/** The draft of an entry, or of what a ready-made definition brings. Nothing of it is trusted to be of its type. */
export function createRedirectDraft(
  fields: Readonly<{ redirectUri?: unknown; redirectPorts?: unknown }> = {},
): RedirectDraft {
  const redirectUri =
    typeof fields.redirectUri === 'string' && fields.redirectUri !== '' ? fields.redirectUri : undefined;
  const redirectPorts = Array.isArray(fields.redirectPorts)
    ? (fields.redirectPorts as unknown[]).filter((port) => typeof port === 'number')
    : [];
  return {
    redirectUri,
    redirectPorts,
    redirectKind: redirectUri !== undefined ? 'redirect-uri' : redirectPorts.length > 0 ? 'ports' : 'any-port',
  };
}

/** The fields of the entry that come of it. */
export function toRedirectFields({ redirectKind, redirectPorts, redirectUri }: RedirectDraft): Partial<RedirectFields> {
  const ports = redirectPorts.length === 0 ? {} : { redirectPorts: [...redirectPorts] };
  switch (redirectKind) {
    case 'any-port':
      return {};
    case 'ports':
      return ports;
    case 'redirect-uri':
      return redirectUri === undefined ? {} : { redirectUri, ...(portOf(redirectUri) === undefined ? ports : {}) };
  }
}

/** What has to be registered for one of the kinds; nothing while that is to be entered. */
export function urisToRegister(draft: RedirectDraft, redirectKind = draft.redirectKind): string[] {
  const fields = toRedirectFields({ ...draft, redirectKind });
  const isOpen = redirectKind !== 'any-port' && Object.keys(fields).length === 0;
  return isOpen ? [] : redirectUrisOf({ redirectUri: undefined, redirectPorts: [], ...fields });
}

/** Whether that has to be registered for any port. */
export function allowsAnyPort(draft: RedirectDraft): boolean {
  return usesAnyPort({ redirectUri: undefined, redirectPorts: [], ...toRedirectFields(draft) });
}

/** The draft with what a person has entered for its kind: ports with commas between them, or a redirect URI. */
export function withEnteredRedirect(draft: RedirectDraft, entered: string): RedirectDraft {
  const text = entered.trim();
  if (draft.redirectKind === 'redirect-uri') {
    return { ...draft, redirectUri: text };
  }
  const ports = text
    .split(/[\s,;]+/)
    .filter((word) => word !== '')
    .map((word) => (/^\d{1,5}$/.test(word) ? Number(word) : 0));
  return { ...draft, redirectUri: undefined, redirectPorts: [...new Set(ports)] };
}

/** What stands in the box at first. */
export function formatRedirect({ redirectKind, redirectPorts, redirectUri }: RedirectDraft, proposed: number): string {
  return redirectKind === 'redirect-uri'
    ? (redirectUri ?? '')
    : (redirectPorts.length === 0 ? [proposed] : redirectPorts).join(', ');
}

/** An example for a box that is empty. */
export const SAMPLE_REDIRECT_URI = DEFAULT_REDIRECT_URI.replace('127.0.0.1/callback', 'localhost:8400/auth');
