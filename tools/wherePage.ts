// The page that tells where VS Code runs and which sign-in methods are available there, made of the flows that decide it,
// of what the manifest says, and of the redirect URIs that the product registers, so that it cannot say anything else.
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
import * as quickPick from '../src/host/quickPickMessages.ts';
import { root } from './places.ts';

/** Where an extension can run, by the names of the manifest. */
type NotificationKind = 'ui' | 'workspace';

const manifestSchema = v.object({
  name: v.string(),
  publisher: v.string(),
  extensionKind: v.array(v.picklist(['ui', 'workspace'])),
  /** What would run in a web worker. */
  browser: v.optional(v.string()),
});

/** What of the manifest decides where the extension runs, and what its link is. */
export type Manifest = v.InferOutput<typeof manifestSchema>;

/** The manifest as it is. */
export function readManifest(): Manifest {
  return v.parse(manifestSchema, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
}

/** How it is known that a row is right. */
type Proof = 'tested' | 'read';

/** A place where people use VS Code. */
interface Place {
  readonly name: string;
  /** The kinds of extension that it has a host for, where this extension is installed. */
  readonly hosts: readonly NotificationKind[];
  readonly told: Omit<HostInfo, 'isAtWorkspace'>;
  readonly proof: Proof;
  /** What happens by itself, and what to set or register there. */
  readonly words: string;
}

const DESKTOP = { isBrowser: false, pageHost: undefined } as const;
/** A page from this computer itself, and from elsewhere. */
const LOCAL_PAGE = { isBrowser: true, pageHost: '127.0.0.1' } as const;
const OTHER_PAGE = { isBrowser: true, pageHost: 'code.example.com' } as const;

const PLACES: readonly Place[] = [
  {
    name: 'Desktop, on Linux, macOS or Windows',
    hosts: ['ui', 'workspace'],
    told: { ...DESKTOP, remoteName: undefined },
    proof: 'read',
    words:
      'The browser comes back by itself. Sessions are in the keyring of the computer; on Linux, one has to be set up.',
  },
  {
    name: 'Desktop, connected over SSH, to WSL, a dev container, a tunnel or a codespace',
    hosts: ['ui', 'workspace'],
    told: { ...DESKTOP, remoteName: 'ssh-remote' },
    proof: 'read',
    words:
      'As above: the extension runs on the computer in front of you, and so does the browser. The remote host doesn’t need network access to the identity server.',
  },
  {
    name: 'The same, with the extension installed on the remote host only',
    hosts: ['workspace'],
    told: { ...DESKTOP, remoteName: 'ssh-remote' },
    proof: 'read',
    words:
      'VS Code brings a port of your computer to the remote host while the sign-in waits. With `redirectPorts`, the port has to be free on both. The remote host has to reach the identity server. Better, install the extension on your computer, too.',
  },
  {
    name: 'Browser, with code-server or `code serve-web` on this computer',
    hosts: ['workspace'],
    told: { ...LOCAL_PAGE, remoteName: '127.0.0.1:8000' },
    proof: 'tested',
    words:
      'The browser comes back by itself. Sessions are in the storage of this browser: each browser, and each private window, has its own.',
  },
  {
    name: 'Browser, with code-server or `code serve-web` on another computer, through a forwarded port (`ssh -L`)',
    hosts: ['workspace'],
    told: { ...LOCAL_PAGE, remoteName: '127.0.0.1:8000' },
    proof: 'read',
    words:
      'The page looks as if it came from your computer, so that the first method ends on a page that cannot be shown. Cancel, and use the next method; or set `signInMethod` to it. Or set `redirectPorts` to one port, and forward that one, too.',
  },
  {
    name: 'Browser, with code-server or `code serve-web` at an address of its own, also behind a proxy',
    hosts: ['workspace'],
    told: { ...OTHER_PAGE, remoteName: 'code.example.com' },
    proof: 'tested',
    words:
      'The browser cannot come back by itself. Where the server offers codes, register nothing and allow the client the device grant. The page has to come over https, or VS Code does not work in full.',
  },
  {
    name: 'Browser, with GitHub Codespaces, or with vscode.dev and a tunnel to a computer',
    hosts: ['workspace'],
    told: { ...OTHER_PAGE, remoteName: 'codespaces' },
    proof: 'read',
    words: 'As above. Where the tunnel leads to the very computer at which you sit, set `signInMethod` to `loopback`.',
  },
  {
    name: 'Browser, with vscode.dev or github.dev alone',
    hosts: [],
    told: { ...OTHER_PAGE, remoteName: undefined },
    proof: 'read',
    words:
      'There is nothing but the browser, in which the extension does not run. Open the folder on the desktop, in a codespace, or through a tunnel.',
  },
];

/** Why a method is unavailable, in words. */
const WHY: Readonly<Record<UnavailableReason, string>> = {
  'cannot-listen': 'nothing can listen inside a browser',
  'browser-elsewhere':
    'the page does not come from the computer on which VS Code’s server runs, so the browser most likely is on another one, and cannot come back to a port there',
  'not-registered': 'the server has to know the link, and only your entry can say that it does',
  'address-changes': 'in a browser, VS Code gives the link another address each time, and few servers accept that',
  'link-elsewhere':
    'the link goes to the window that was used last; where that one is not on the same remote host, the answer does not get there',
  'no-device-endpoint': 'the server names no address for it',
  'no-grant': 'the server lists what it offers, and this is not among it',
};

const CODES: ServerCapabilities = { device_authorization_endpoint: 'https://id.example.com/device' };
const issuer = 'https://id.example.com';

/** The whole page, in Markdown. */
export function wherePage(manifest: Manifest): string {
  return [
    '# Where VS Code runs, and how you sign in there',
    '',
    '<!-- Made by `npm run docs` from src/flows and package.json. Do not edit. -->',
    '',
    'Session Keeper uses the first available method. Cancel a sign-in, or let it fail, and **Use Another Way to Sign In** offers the others. `signInMethod` in the entry puts one of them first. The log says at each sign-in which methods are available, and why the others are not.',
    '',
    '## The sign-in methods',
    '',
    ...table(
      ['method', 'called', 'what happens', 'what to register at the server'],
      SIGN_IN_METHODS.map((method) => [
        code(method),
        `**${quickPick.methodName(method)}**`,
        quickPick.methodDetail(method),
        REGISTRATION[method](manifest),
      ]),
    ),
    '',
    '## The places',
    '',
    'The methods stand in the order in which they are tried at a server that offers codes; where it does not, `device` is left out.',
    '',
    ...table(
      ['where', 'methods', 'also, if `signInMethod` says so', 'good to know', 'tested'],
      PLACES.map((place) => rowOf(place, manifest)),
    ),
    '',
    '“Tested” means that the tests of this repository sign in there, in a real VS Code, at a real identity server. The other rows follow from the same code and from what VS Code’s documentation and sources say; on a computer with a desktop VS Code, `npm run test:vscode -- --desktop` runs the same tests there.',
    '',
    '## Why a method is unavailable',
    '',
    ...table(
      ['name in the log', 'why', 'if the entry names the method all the same'],
      reasonsIn(manifest).map((reason) => [
        code(reason),
        WHY[reason],
        UNAVAILABLE_REASONS[reason] === 'likely' ? 'it is tried' : 'it is not tried',
      ]),
    ),
    '',
    '## What happens by itself',
    '',
    `- The extension runs ${manifest.extensionKind.map((kind) => (kind === 'ui' ? 'on the computer of the window where it can' : 'where the workspace is otherwise')).join(', and ')}. In a web worker it ${manifest.browser === undefined ? 'does not run' : 'runs'}.`,
    '- Whether the page comes from your computer is told by the address that VS Code makes of a link to itself. Where VS Code does not tell within a few seconds, the page counts as one from elsewhere.',
    '- The browser comes back to 127.0.0.1 by number, whatever the name is by which VS Code calls your computer; with `redirectUri`, to the host in it. For `localhost`, that is both 127.0.0.1 and [::1].',
    '- After a sign-out with `"signOutAtServer": "return"`, the browser comes back where it would come back by `loopback`; elsewhere, it stays on the server’s page.',
    '- A code that you type lasts as long as the server says, whatever `sessionKeeper.signInTimeout` is.',
    '',
  ].join('\n');
}

/** How it is at one place, or undefined where the extension does not run. */
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
  const list = environment === undefined ? 'does not run' : methods.map(code).join(', ');
  return [place.name, list, set.map(code).join(', '), place.words, place.proof === 'tested' ? 'yes' : ''];
}

/** The reasons that can come up where the extension runs. */
function reasonsIn({ browser }: Manifest): UnavailableReason[] {
  return (Object.keys(WHY) as UnavailableReason[]).filter(
    (reason) => reason !== 'cannot-listen' || browser !== undefined,
  );
}

/** The redirect URIs of a method, in words. */
function urisOf(method: SignInMethod, { name, publisher }: Manifest, provider = entry()): string {
  const callbackUri = `vscode://${publisher}.${name}${CALLBACK_PATH}`;
  return getFlow(method).redirectUris(provider, callbackUri).map(code).join(', ');
}

const loopbackUris =
  (method: SignInMethod) =>
  (manifest: Manifest): string =>
    `${urisOf(method, manifest)}, with any port; with \`redirectUri\`, that one; with \`redirectPorts\`, the one with each port: ${urisOf(method, manifest, { ...entry(), redirectPorts: [8400] })}`;

/** What to register at the server for a method. */
const REGISTRATION: Readonly<Record<SignInMethod, (manifest: Manifest) => string>> = {
  loopback: loopbackUris('loopback'),
  uri: (manifest) =>
    `${urisOf('uri', manifest)}, with \`vscode-insiders\`, \`vscodium\` and so on for other editors: **Copy Redirect URI** has it`,
  device: () => 'no address; allow the client the device authorization grant (RFC 8628)',
  paste: loopbackUris('paste'),
};

function entry(signInMethod?: SignInMethod): Provider {
  const { providers } = parseProviders([
    { issuer, clientId: 'vscode', ...(signInMethod === undefined ? {} : { signInMethod }) },
  ]);
  const [provider] = providers;
  if (provider === undefined) {
    throw new Error('The entry of the page is none.');
  }
  return provider;
}

const code = (word: string): string => `\`${word}\``;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) =>
    `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |').replaceAll('|  |', '| |'),
  );
}
