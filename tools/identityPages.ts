/** The content of a login page. */
export interface LoginPage {
  /** The name of the client. */
  readonly clientName: string;
  /** The URL that receives the form. */
  readonly action: string;
  /** The initial name. */
  readonly name: string;
  /** The error of the previous attempt. */
  readonly error?: string;
}

/** The content of a consent page. */
export interface ConsentPage {
  /** The name of the client. */
  readonly clientName: string;
  /** The URL that receives the form. */
  readonly action: string;
  /** The signed-in account. */
  readonly accountName: string;
  /** The URL for choosing another account. */
  readonly switchAddress: string;
  /** The requested scopes. */
  readonly scopes: readonly string[];
}

const style = `
  :root { color-scheme: light dark; --edge: #c4c9d1; --panel: #fff; --ground: #f2f4f7; --text: #1b1f24; --soft: #57606a;
    --accent: #0b5cad; --onAccent: #fff; --error: #b3261e; }
  @media (prefers-color-scheme: dark) {
    :root { --edge: #4a525e; --panel: #1d2127; --ground: #121519; --text: #e8eaed; --soft: #a2abb6;
      --accent: #7cb7ff; --onAccent: #08233f; --error: #ffb4ab; }
  }
  * { box-sizing: border-box; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
    background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
  main { width: 100%; max-width: 25rem; padding: 2rem; background: var(--panel);
    border: 1px solid var(--edge); border-radius: .75rem; }
  h1 { margin: 0 0 .25rem; font-size: 1.4rem; line-height: 1.3; overflow-wrap: anywhere; }
  p { margin: 0 0 1.25rem; color: var(--soft); overflow-wrap: anywhere; }
  label { display: block; margin-bottom: 1rem; font-weight: 600; }
  input[type=text], input[type=password] { display: block; width: 100%; margin-top: .25rem; padding: .55rem .7rem;
    border: 1px solid var(--soft); border-radius: .4rem; background: transparent; color: inherit; font: inherit; font-weight: 400; }
  ul { margin: 0 0 1.25rem; padding-left: 1.2rem; }
  li { margin-bottom: .35rem; }
  p:last-child { margin-bottom: 0; }
  .brand { margin-bottom: .5rem; color: var(--accent); font-weight: 700; }
  code { color: var(--soft); white-space: nowrap; }
  .buttons { display: flex; gap: .75rem; }
  button { flex: 1; padding: .6rem 1rem; border: 1px solid var(--accent); border-radius: .4rem;
    background: transparent; color: var(--accent); font: inherit; font-weight: 600; cursor: pointer; }
  button.main { background: var(--accent); color: var(--onAccent); }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  [role=alert] { color: var(--error); font-weight: 600; }
  a { color: var(--accent); }
`;

const scopeMeanings: Readonly<Record<string, string>> = {
  openid: 'View your identity',
  profile: 'View your name',
  email: 'View your email address',
  offline_access: 'Keep you signed in',
  'notes.read': 'Read your notes',
  'notes.write': 'Edit your notes',
};

/**
 * Escapes text for any place in a page.
 *
 * @param text any text
 * @returns the text with HTML's special characters as entities
 */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/gu, (character) => `&#${String(character.codePointAt(0))};`);
}

/**
 * The page that asks for a name and a password.
 *
 * @param page its content
 * @returns HTML
 */
export function loginPage(page: LoginPage): string {
  const error = page.error === undefined ? '' : `<p role="alert" id="error">${escapeHtml(page.error)}</p>`;
  const described = page.error === undefined ? '' : ' aria-describedby="error" aria-invalid="true"';
  const focusName = page.name === '';
  return document(
    'Sign in',
    `<h1>Sign in</h1>
    <p>to continue to ${escapeHtml(page.clientName)}</p>
    ${error}
    <form method="post" action="${escapeHtml(page.action)}">
      <label>User name
        <input type="text" name="name" value="${escapeHtml(page.name)}" autocomplete="username" autocapitalize="none"
          spellcheck="false" required${focusName ? ' autofocus' : ''}${described}>
      </label>
      <label>Password
        <input type="password" name="password" autocomplete="current-password" required${focusName ? '' : ' autofocus'}${described}>
      </label>
      <div class="buttons"><button class="main" type="submit" name="do" value="login">Sign in</button></div>
    </form>`,
  );
}

/**
 * The page that asks whether to grant the client's request.
 *
 * @param page its content
 * @returns HTML
 */
export function consentPage(page: ConsentPage): string {
  const scopes = page.scopes.map(
    (scope) => `<li>${escapeHtml(scopeMeanings[scope] ?? scope)} <code>${escapeHtml(scope)}</code></li>`,
  );
  return document(
    'Allow access',
    `<h1>Allow ${escapeHtml(page.clientName)}?</h1>
    <p>You're signed in as ${escapeHtml(page.accountName)}. <a href="${escapeHtml(page.switchAddress)}">Use another account</a></p>
    <p>This app requests permission to:</p>
    <ul>${scopes.join('')}</ul>
    <form method="post" action="${escapeHtml(page.action)}">
      <div class="buttons">
        <button type="submit" name="do" value="deny">Deny</button>
        <button class="main" type="submit" name="do" value="allow">Allow</button>
      </div>
    </form>`,
  );
}

/**
 * A page with a message.
 *
 * @param title the heading
 * @param text the message
 * @param form HTML to add below, already safe
 * @returns HTML
 */
export function messagePage(title: string, text: string, form = ''): string {
  return document(title, `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>${form}`);
}

function document(title: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${escapeHtml(title)} – Acme</title>
  <style>${style}</style>
</head>
<body><main><p class="brand">Acme</p>${main}</main></body>
</html>
`;
}
