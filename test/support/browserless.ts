/** Where a user ends up. */
export interface Arrival {
  /** The URL in the address bar. */
  readonly url: URL;
  readonly status: number;
  readonly html: string;
  readonly headers: Headers;
}

/** How a user behaves. */
export interface Behavior {
  /** What they type as name and as password. */
  readonly name?: string;
  /** Whether they agree when a page asks for consent or whether to sign out; true by default. */
  readonly allows?: boolean;
}

/** More redirects and forms than any sign-in has. */
const MOST_STEPS = 25;

/** A user at a browser, without the browser: follows redirects, keeps cookies, and fills in the identity server's forms. */
export class Person {
  readonly #cookies = new Map<string, Map<string, string>>();
  readonly #name: string;
  readonly #allows: boolean;
  /** The URLs that were visited, oldest first. */
  readonly visited: string[] = [];

  constructor({ name = 'demo', allows = true }: Behavior = {}) {
    this.#name = name;
    this.#allows = allows;
  }

  /** Signs in at a URL and stops before the redirect that leaves its server. Returns the URL of that redirect. */
  async authorize(address: string): Promise<URL> {
    const home = new URL(address).origin;
    const { url } = await this.#go(new URL(address), (next) => next.origin !== home);
    return url;
  }

  /** Signs in at a URL and follows all redirects. */
  async signIn(address: string): Promise<Arrival> {
    return this.#go(new URL(address), () => false);
  }

  /** Opens the page for a code that is in the URL, confirms it, and signs in there. */
  async typeCode(address: string): Promise<Arrival> {
    return this.#go(new URL(address), () => false);
  }

  /** Signs out at a URL and follows all redirects. */
  async signOut(address: string): Promise<Arrival> {
    return this.#go(new URL(address), () => false);
  }

  async #go(start: URL, isFarEnough: (next: URL) => boolean): Promise<Arrival> {
    let url = start;
    let form: URLSearchParams | undefined;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      if (isFarEnough(url)) {
        return { url, status: 0, html: '', headers: new Headers() };
      }
      const response = await this.#request(url, form);
      const html = await response.text();
      const location = response.headers.get('location');
      const action = /<form(?! id="op\.deviceInputForm")[^>]* method="post" action="([^"]+)"/.exec(html)?.[1];
      if (location !== null) {
        url = new URL(location, url);
        form = undefined;
      } else if (action !== undefined && response.status === 200) {
        url = new URL(action, url);
        form = this.#fillIn(html);
      } else {
        return { url, status: response.status, html, headers: response.headers };
      }
    }
    throw new Error("The sign-in doesn't end.");
  }

  #fillIn(html: string): URLSearchParams {
    if (!html.includes('name="do"')) {
      const fields = [...html.matchAll(/<input\b[^>]* name="([^"]+)" value="([^"]*)"/g)];
      const confirmed =
        this.#allows && /<button[^>]* name="logout" value="yes"/.test(html) ? [['', 'logout', 'yes']] : [];
      return new URLSearchParams([...fields, ...confirmed].map(([, name = '', value = '']) => [name, value]));
    }
    return html.includes('name="password"')
      ? new URLSearchParams({ do: 'login', name: this.#name, password: this.#name })
      : new URLSearchParams({ do: this.#allows ? 'allow' : 'deny' });
  }

  async #request(url: URL, form: URLSearchParams | undefined): Promise<Response> {
    this.visited.push(url.href);
    const jar = this.#cookies.get(url.host) ?? new Map<string, string>();
    this.#cookies.set(url.host, jar);
    const response = await fetch(url, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: { Cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { body: form }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== undefined && value !== undefined) {
        jar.set(name, value);
      }
    }
    return response;
  }
}
