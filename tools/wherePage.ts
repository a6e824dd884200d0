// The page about the environments in which the extension runs and the sign-in methods in each, generated from the flows that
// decide it, the manifest, and the redirect URIs, so that it's always correct.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { parseProviders } from '../src/core/parseProviders.ts';
import { SIGN_IN_METHODS, type Provider, type SignInMethod } from '../src/core/provider.ts';
import { CALLBACK_PATH } from '../src/core/redirectUri.ts';
import {
  UNAVAILABLE_REASONS,
  environmentOf,
  type Environment,
  type ServerCapabilities,
  type UnavailableReason,
  type HostInfo,
} from '../src/flows/availability.ts';
import { availableFlows, evaluateFlows, getFlow } from '../src/flows/signInFlows.ts';
import * as button from '../src/host/buttonLabels.ts';
import * as quickPick from '../src/host/quickPickMessages.ts';
import { root } from './places.ts';

/** Where an extension can run, as in the manifest's `extensionKind`. */
type ExtensionKind = 'ui' | 'workspace';

const manifestSchema = v.object({
  name: v.string(),
  publisher: v.string(),
  extensionKind: v.array(v.picklist(['ui', 'workspace'])),
  /** The entry point for a web worker. */
  browser: v.optional(v.string()),
});

/** The properties of the manifest that decide where the extension runs, and its callback URI. */
export type Manifest = v.InferOutput<typeof manifestSchema>;

/** Reads the manifest. */
export function readManifest(): Manifest {
  return v.parse(manifestSchema, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
}

/** Why a row is known to be correct. */
type Proof = 'tested' | 'read';

/** An environment in which people use VS Code. */
interface Place {
  readonly name: string;
  /** The kinds of extensions that its extension hosts run, if this extension is installed there. */
  readonly hosts: readonly ExtensionKind[];
  readonly told: Omit<HostInfo, 'isAtWorkspace'>;
  readonly proof: Proof;
  /** What to know, set, or register. */
  readonly words: string;
}

const DESKTOP = { isBrowser: false, pageHost: undefined } as const;
/** A page from this computer, and from another one. */
const LOCAL_PAGE = { isBrowser: true, pageHost: '127.0.0.1' } as const;
const OTHER_PAGE = { isBrowser: true, pageHost: 'code.example.com' } as const;

const PLACES: readonly Place[] = [
  {
    name: 'Desktop, on Linux, macOS or Windows',
    hosts: ['ui', 'workspace'],
    told: { ...DESKTOP, remoteName: undefined },
    proof: 'read',
    words:
      'Your browser returns automatically. Sessions are stored in the keyring. On Linux, a keyring must be set up.',
  },
  {
    name: 'Desktop, connected over SSH, to WSL, a dev container, a tunnel or a codespace',
    hosts: ['ui', 'workspace'],
    told: { ...DESKTOP, remoteName: 'ssh-remote' },
    proof: 'read',
    words:
      "Same as above, because the extension and the browser run on your computer. The remote host doesn't need network access to the identity server.",
  },
  {
    name: 'The same, with the extension installed on the remote host only',
    hosts: ['workspace'],
    told: { ...DESKTOP, remoteName: 'ssh-remote' },
    proof: 'read',
    words:
      'VS Code forwards a port of your computer to the remote host during sign-in. With `redirectPorts`, the port must be free on both. The remote host needs network access to the identity server. We recommend that you also install the extension on your computer.',
  },
  {
    name: 'Browser, with code-server or `code serve-web` on this computer',
    hosts: ['workspace'],
    told: { ...LOCAL_PAGE, remoteName: '127.0.0.1:8000' },
    proof: 'tested',
    words:
      'Your browser returns automatically. Sessions are stored in this browser. Other browsers and private windows have their own.',
  },
  {
    name: 'Browser, with code-server or `code serve-web` on another computer, through a forwarded port (`ssh -L`)',
    hosts: ['workspace'],
    told: { ...LOCAL_PAGE, remoteName: '127.0.0.1:8000' },
    proof: 'read',
    words:
      "VS Code seems to run on your computer, so the first method ends on a page that can't be shown. Cancel and choose another method, or set `signInMethod`. Or set `redirectPorts` to one port and forward it, too.",
  },
  {
    name: 'Browser, with code-server or `code serve-web` on another computer, with its own URL or behind a proxy',
    hosts: ['workspace'],
    told: { ...OTHER_PAGE, remoteName: 'code.example.com' },
    proof: 'tested',
    words:
      "Your browser can't return automatically. If the server supports device codes, allow the client the device authorization grant. No redirect URI is needed. Use HTTPS, because some features of VS Code require it.",
  },
  {
    name: 'Browser, with GitHub Codespaces, or with vscode.dev and a tunnel to a computer',
    hosts: ['workspace'],
    told: { ...OTHER_PAGE, remoteName: 'codespaces' },
    proof: 'read',
    words: "Same as above. If the tunnel leads to the computer you're using, set `signInMethod` to `loopback`.",
  },
  {
    name: 'Browser, with vscode.dev or github.dev and no remote connection',
    hosts: [],
    told: { ...OTHER_PAGE, remoteName: undefined },
    proof: 'read',
    words:
      "The extension doesn't run in a web worker. Open the folder on the desktop, in a codespace, or through a tunnel.",
  },
];

/** Why a method is unavailable. */
const WHY: Readonly<Record<UnavailableReason, string>> = {
  'cannot-listen': "A web worker can't listen on a port.",
  'browser-elsewhere':
    "VS Code's page doesn't come from the computer on which its server runs. Your browser is probably on another computer and can't connect to a port there.",
  'not-registered': 'The link must be registered at the server. Set `signInMethod` to `uri` once it is.',
  'address-changes': 'In a browser, the link changes with each sign-in, which few servers accept.',
  'link-elsewhere': 'The link opens the most recently used window, which may not be connected to the same remote host.',
  'no-device-endpoint': 'The server metadata has no device authorization endpoint.',
  'no-grant': "The server metadata lists the supported grants, and this one isn't included.",
};

const CODES: ServerCapabilities = { device_authorization_endpoint: 'https://id.example.com/device' };
const issuer = 'https://id.example.com';

/** Returns the page, in Markdown. */
export function wherePage(manifest: Manifest): string {
  return [
    '# Where Session Keeper runs',
    '',
    '<!-- Generated by `npm run docs` from src/flows and package.json. Do not edit. -->',
    '',
    `Session Keeper uses the first available method. If it fails or you cancel it, **${button.forAction('other-method')}** shows the others. To change the order, set \`signInMethod\` in the provider's entry. For each sign-in, the log shows which methods are available and why others aren't.`,
    '',
    '## Sign-in methods',
    '',
    ...table(
      ['method', 'name', 'what happens', 'what to register at the server'],
      SIGN_IN_METHODS.map((method) => [
        code(method),
        `**${quickPick.methodName(method)}**`,
        quickPick.methodDetail(method),
        REGISTRATION[method](manifest),
      ]),
    ),
    '',
    '## Environments',
    '',
    "Methods are listed in the order in which they're tried. `device` is only available if the server supports it.",
    '',
    ...table(
      ['environment', 'methods', 'only if set as `signInMethod`', 'notes', 'tested'],
      PLACES.map((place) => rowOf(place, manifest)),
    ),
    '',
    '\"Tested\" environments are covered by this repository\'s tests, with VS Code and an identity server. The others follow from the same code and from VS Code\'s documentation and source. If VS Code is installed on your computer, `npm run test:vscode -- --desktop` runs the same tests there.',
    '',
    '## Why a method is unavailable',
    '',
    ...table(
      ['name in the log', 'reason', 'if set as `signInMethod`'],
      reasonsIn(manifest).map((reason) => [
        code(reason),
        WHY[reason],
        UNAVAILABLE_REASONS[reason] === 'likely' ? 'tried anyway' : 'not tried',
      ]),
    ),
    '',
    '## Details',
    '',
    `- The extension runs ${manifest.extensionKind.map((kind) => (kind === 'ui' ? 'on your computer if possible' : 'otherwise on the computer that has the workspace')).join(', ')}. It ${manifest.browser === undefined ? "doesn't run" : 'runs'} in a web worker.`,
    "- To find out whether VS Code's page comes from your computer, Session Keeper checks the URL that VS Code creates for a link to itself. If VS Code doesn't provide it within a few seconds, the page is considered remote.",
    "- Your browser returns to 127.0.0.1 regardless of VS Code's host name. With `redirectUri`, it returns to the host in that URI. For `localhost`, Session Keeper listens on 127.0.0.1 and [::1].",
    '- After you sign out with `"signOutAtServer": "return"`, your browser returns if `loopback` is available. Otherwise, it stays on the server\'s page.',
    "- The command `session-keeper` for [terminals](use-everywhere.md#terminal-and-command-line-tools) is available if the terminals of the window run on the same computer as the extension. In a remote window, that's the case if the extension is installed on the remote host, and always in a browser. If it runs on your computer, the terminals of a remote window don't have the command.",
    '- Device codes expire when the server specifies, regardless of `sessionKeeper.signInTimeout`.',
    '',
  ].join('\n');
}

/** Returns an environment, or undefined if the extension doesn't run there. */
function environmentAt({ hosts, told }: Place, { browser, extensionKind }: Manifest): Environment | undefined {
  const kind = extensionKind.find((one) => hosts.includes(one));
  if (kind === undefined && browser === undefined) {
    return undefined;
  }
  return environmentOf({ ...told, isAtWorkspace: kind === 'workspace' });
}

function rowOf(place: Place, manifest: Manifest): string[] {
  const environment = environmentAt(place, manifest);
  const methods = environment === undefined ? [] : availableFlows(evaluateFlows(environment, entry(), CODES));
  const set =
    environment === undefined
      ? []
      : SIGN_IN_METHODS.filter(
          (method) =>
            !methods.includes(method) &&
            availableFlows(evaluateFlows(environment, entry(method), CODES)).includes(method),
        );
  const list = environment === undefined ? "doesn't run" : methods.map(code).join(', ');
  return [place.name, list, set.map(code).join(', '), place.words, place.proof === 'tested' ? 'yes' : ''];
}

/** Returns the reasons that can occur. */
function reasonsIn({ browser }: Manifest): UnavailableReason[] {
  return (Object.keys(WHY) as UnavailableReason[]).filter(
    (reason) => reason !== 'cannot-listen' || browser !== undefined,
  );
}

/** Returns the redirect URIs of a method, as Markdown. */
function urisOf(method: SignInMethod, { name, publisher }: Manifest, provider = entry()): string {
  const callbackUri = `vscode://${publisher}.${name}${CALLBACK_PATH}`;
  return getFlow(method).redirectUris(provider, callbackUri).map(code).join(', ');
}

const loopbackUris =
  (method: SignInMethod) =>
  (manifest: Manifest): string =>
    `${urisOf(method, manifest)}, any port. With \`redirectUri\`, that URI. With \`redirectPorts\`, the URI with each port: ${urisOf(method, manifest, { ...entry(), redirectPorts: [8400] })}`;

/** What to register at the server for a method. */
const REGISTRATION: Readonly<Record<SignInMethod, (manifest: Manifest) => string>> = {
  loopback: loopbackUris('loopback'),
  uri: (manifest) =>
    `${urisOf('uri', manifest)}. For other editors, the scheme is different, such as \`vscode-insiders\` or \`vscodium\`. Use **${button.forAction('copy-redirect')}** to get the URI.`,
  device: () => 'No redirect URI. Allow the client the device authorization grant (RFC 8628).',
  paste: loopbackUris('paste'),
};

function entry(signInMethod?: SignInMethod): Provider {
  const { providers } = parseProviders([
    { issuer, clientId: 'vscode', ...(signInMethod === undefined ? {} : { signInMethod }) },
  ]);
  const [provider] = providers;
  if (provider === undefined) {
    throw new Error('The sample entry is invalid.');
  }
  return provider;
}

const code = (word: string): string => `\`${word}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) =>
    `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |').replaceAll('|  |', '| |'),
  );
}
