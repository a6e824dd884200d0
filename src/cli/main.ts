// The command `session-keeper`. It's a script of its own, because it runs outside VS Code.
import { dirname } from 'node:path';
import { WINDOW_ID_PATTERN, WINDOW_VARIABLE, type TerminalRequest } from '../core/terminal.ts';
import { TerminalFolder } from '../node/terminalFolder.ts';
import { parseArguments, type Arguments } from './arguments.ts';
import { askWindow, type LastResponse } from './client.ts';
import { CommandFailure } from './failure.ts';
import { originIn, readAttributes } from './gitCredential.ts';
import { MESSAGES, USAGE, WAITING } from './messages.ts';
import {
  GIT_QUIT,
  formatExecCredential,
  formatGitCredential,
  formatHeaders,
  formatList,
  formatToken,
  singleLine,
} from './output.ts';

/** The script is in the folder. */
const folder = new TerminalFolder(dirname(process.argv[1] ?? ''));

function invalidResponse(): CommandFailure {
  return new CommandFailure('invalid-response', MESSAGES['invalid-response']);
}

/** Writes to standard output, and resolves when everything is written. */
function print(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

async function ask(args: Arguments, url: string | undefined): Promise<LastResponse> {
  const window = process.env[WINDOW_VARIABLE] ?? '';
  const request: TerminalRequest = {
    command: args.command,
    ...(WINDOW_ID_PATTERN.test(window) ? { window } : {}),
    ...(args.provider === '' ? {} : { provider: args.provider }),
    ...(args.scopes === undefined ? {} : { scopes: args.scopes }),
    ...(args.account === undefined ? {} : { account: args.account }),
    ...(args.signIn ? { signIn: true } : {}),
    ...(url === undefined ? {} : { url }),
    ...(args.method === undefined ? {} : { method: args.method }),
    ...(args.nonce === undefined ? {} : { nonce: args.nonce }),
  };
  return askWindow(folder, request, (reason) => process.stderr.write(`${WAITING[reason]}\n`));
}

/** Handles the operation of a git credential helper. Only `get` has a result. */
async function runGitCredential(args: Arguments): Promise<number> {
  const attributes = await readAttributes(process.stdin);
  const origin = originIn(attributes);
  if ((args.operation ?? 'get') !== 'get' || origin === undefined) {
    return 0;
  }
  try {
    const response = await ask(args, origin);
    if (response.kind === 'token') {
      await print(formatGitCredential(response));
    } else if (response.kind !== 'none') {
      throw invalidResponse();
    }
    return 0;
  } catch (error) {
    await print(GIT_QUIT);
    throw error;
  }
}

/** Prints the response, or runs the command of `exec`. */
async function useResponse(args: Arguments, response: LastResponse): Promise<number> {
  if (response.kind === 'token' && args.child !== undefined) {
    const { execute } = await import('./execute.ts');
    return execute(args.child, { ...process.env, [args.variable]: singleLine(response.token) });
  }
  await print(outputOf(args, response));
  return 0;
}

function outputOf({ command, isJson }: Arguments, response: LastResponse): string {
  switch (response.kind) {
    case 'token':
      return command === 'kubectl'
        ? formatExecCredential(response, process.env['KUBERNETES_EXEC_INFO'])
        : formatToken(response, isJson);
    case 'headers':
      return formatHeaders(response.headers, isJson);
    case 'list':
      return formatList(response.sessions, isJson);
    case 'signed-in':
      return `${singleLine(response.account)}\n`;
    case 'none':
      throw invalidResponse();
  }
}

/** Runs the command, and returns the exit code. */
async function run(): Promise<number> {
  const words = process.argv.slice(2);
  if (words.length === 0 && 'problem' in (await folder.readKey())) {
    throw new CommandFailure('terminal-access-off', MESSAGES['terminal-access-off']);
  }
  const args = parseArguments(words);
  if (args === undefined) {
    await print(USAGE);
    return 0;
  }
  return args.command === 'git-credential' ? runGitCredential(args) : useResponse(args, await ask(args, args.url));
}

// A program that reads only the beginning of the output has ended.
process.stdout.on('error', () => {});
run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const failure =
      error instanceof CommandFailure ? error : new CommandFailure('command-failed', MESSAGES['command-failed']);
    process.stderr.write(`${failure.toLine()}\n`, () => process.exit(failure.exitCode));
  },
);
