// Asks a window.
import type { Socket } from 'node:net';
import { delay, setDeadline, systemClock } from '../core/clock.ts';
import { parseObject } from '../core/json.ts';
import {
  EXIT_CODES,
  MAX_TERMINAL_RESPONSE,
  TERMINAL_PROTOCOL,
  type TerminalFailure,
  type TerminalRequest,
  type TerminalResponse,
} from '../core/terminal.ts';
import { connectToSocket } from '../node/connectToSocket.ts';
import { socketKind } from '../node/sockets.ts';
import { FrameReader, NONCE_LENGTH, SealedMessages, newNonce, toFrame } from '../node/terminalChannel.ts';
import type { TerminalFolder } from '../node/terminalFolder.ts';
import { CommandFailure } from './failure.ts';
import { MESSAGES } from './messages.ts';

/** How long, in ms, a window may take to greet the command if there is another one, and otherwise. */
const GREETING_TIMEOUT = 5000;
const LAST_GREETING_TIMEOUT = 30_000;
/** How long, in ms, to wait for a window that is starting, and how often to look for it. */
const START_TIMEOUT = 10_000;
const START_INTERVAL = 250;
/** How long, in ms, it may take to send its first message. */
const FIRST_TIMEOUT = 60_000;

/** A response other than `waiting`. */
export type LastResponse = Exclude<TerminalResponse, { readonly kind: 'waiting' | 'failure' }>;

type Waiting = Extract<TerminalResponse, { readonly kind: 'waiting' }>['for'];

/** Why a window has no result. */
type Problem = 'no-window' | 'terminal-access-off' | 'unsafe-folder' | 'window-not-verified';

/**
 * Asks the window of the terminal, or else the other windows, the most recently used one first.
 * @param onWaiting is called if the window waits for the user.
 * @throws CommandFailure
 */
export async function askWindow(
  folder: TerminalFolder,
  request: TerminalRequest,
  onWaiting: (reason: Waiting) => void,
): Promise<LastResponse> {
  // A terminal continues while its window is reloaded, and its command must, too.
  const patience = request.window === undefined ? 0 : START_TIMEOUT;
  for (let waited = 0; ; waited += START_INTERVAL) {
    const result = await askEach(folder, request, onWaiting);
    if (typeof result !== 'string') {
      return unlessFailure(result);
    }
    if (result !== 'no-window' || waited >= patience) {
      throw failure(result);
    }
    await delay(systemClock, START_INTERVAL);
  }
}

/** Asks each window until one has a result. */
async function askEach(
  folder: TerminalFolder,
  request: TerminalRequest,
  onWaiting: (reason: Waiting) => void,
): Promise<TerminalResponse | Problem> {
  const result = await folder.readKey();
  if (!('key' in result)) {
    return result.problem === 'off' ? 'terminal-access-off' : 'unsafe-folder';
  }
  let problem: Problem = 'no-window';
  const windows = await folder.listWindows(request.window);
  for (const { address } of windows) {
    // The address is from a file, which could name the socket of another program.
    if ((await socketKind(address)) === 'own') {
      const { socket } = await connectToSocket(address);
      const timeout = address === windows.at(-1)?.address ? LAST_GREETING_TIMEOUT : GREETING_TIMEOUT;
      const connection = socket && { socket, key: result.key, timeout };
      const response = connection === undefined ? 'no-window' : await ask(connection, request, onWaiting);
      if (typeof response !== 'string') {
        return response;
      }
      problem = response === 'window-not-verified' ? response : problem;
    }
  }
  return problem;
}

function failure(name: Problem | 'invalid-response'): CommandFailure {
  return new CommandFailure(name, MESSAGES[name]);
}

function unlessFailure(response: TerminalResponse): LastResponse {
  if (response.kind === 'failure') {
    throw new CommandFailure(response.name, response.message, response.code);
  }
  if (response.kind === 'waiting') {
    throw failure('invalid-response');
  }
  return response;
}

/** Sends the request, and resolves with the response or with the reason why this window has none. */
function ask(
  { key, socket, timeout }: { readonly key: Buffer; readonly socket: Socket; readonly timeout: number },
  request: TerminalRequest,
  onWaiting: (reason: Waiting) => void,
): Promise<TerminalResponse | Problem> {
  return new Promise((resolve, reject) => {
    const frames = new FrameReader(MAX_TERMINAL_RESPONSE);
    let responses: SealedMessages | undefined;
    let deadline = setDeadline(systemClock, timeout, () => finish('no-window'));
    const finish = (result: TerminalResponse | Problem): void => {
      deadline.dispose();
      socket.destroy();
      resolve(result);
    };
    const onFrame = (frame: Buffer): void => {
      deadline.dispose();
      if (responses === undefined) {
        if (frame[0] !== TERMINAL_PROTOCOL || frame.length !== 1 + NONCE_LENGTH) {
          finish('window-not-verified');
          return;
        }
        const nonce = newNonce();
        const nonces = Buffer.concat([frame.subarray(1), nonce]);
        responses = new SealedMessages(key, nonces, 'response');
        deadline = setDeadline(systemClock, FIRST_TIMEOUT, () => finish('no-window'));
        socket.write(toFrame(nonce, new SealedMessages(key, nonces, 'request').seal(JSON.stringify(request))));
        return;
      }
      const text = responses.open(frame);
      if (text === undefined) {
        finish('window-not-verified');
        return;
      }
      const response = parseResponse(text);
      if (response.kind === 'waiting') {
        onWaiting(response.for);
      } else {
        finish(response);
      }
    };
    socket.once('close', () => finish('no-window'));
    socket.on('data', (chunk) => {
      try {
        frames.push(chunk).forEach(onFrame);
      } catch (error) {
        deadline.dispose();
        socket.destroy();
        reject(error instanceof CommandFailure ? error : failure('invalid-response'));
      }
    });
  });
}

/** The string and number fields that a response of each kind must have. */
const REQUIRED: Readonly<Record<TerminalResponse['kind'], Readonly<Record<string, string>>>> = {
  waiting: { for: 'string' },
  token: { token: 'string', account: 'string', scopes: 'object' },
  headers: { headers: 'object' },
  none: {},
  list: { sessions: 'object' },
  'signed-in': { account: 'string' },
  failure: { name: 'string', message: 'string' },
};

/**
 * Parses a response. Its sender has the key, so it's a window, but maybe of another version.
 * @throws CommandFailure `invalid-response`.
 */
function parseResponse(text: string): TerminalResponse {
  const value = parseObject(text);
  const required = Object.entries(REQUIRED).find(([kind]) => kind === value?.['kind'])?.[1];
  const isValid =
    value !== undefined &&
    required !== undefined &&
    Object.entries(required).every(([name, type]) => typeof value[name] === type && value[name] !== null);
  if (!isValid || (value['kind'] === 'failure' && !isFailure(value['name']))) {
    throw failure('invalid-response');
  }
  return value as unknown as TerminalResponse;
}

function isFailure(name: unknown): name is TerminalFailure {
  return typeof name === 'string' && Object.hasOwn(EXIT_CODES, name);
}
