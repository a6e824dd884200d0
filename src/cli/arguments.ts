// The arguments of the command.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { TERMINAL_COMMANDS, type TerminalCommand } from '../core/terminal.ts';
import { CommandFailure } from './failure.ts';

/** The parsed arguments. */
export interface Arguments {
  readonly command: TerminalCommand;
  /** Empty for `list`. */
  readonly provider: string;
  readonly scopes: readonly string[] | undefined;
  readonly account: string | undefined;
  readonly isJson: boolean;
  readonly signIn: boolean;
  readonly url: string | undefined;
  readonly method: string | undefined;
  readonly nonce: string | undefined;
  /** The environment variable of `exec`. */
  readonly variable: string;
  /** The command of `exec` and its arguments. */
  readonly child: readonly [string, ...string[]] | undefined;
  /** The operation of `git-credential`. */
  readonly operation: string | undefined;
}

const OPTIONS = {
  scope: { type: 'string', multiple: true },
  account: { type: 'string' },
  json: { type: 'boolean' },
  'sign-in': { type: 'boolean' },
  url: { type: 'string' },
  method: { type: 'string' },
  nonce: { type: 'string' },
  var: { type: 'string' },
} as const satisfies ParseArgsConfig['options'];
type Option = keyof typeof OPTIONS;

const FOR_TOKENS = ['scope', 'account', 'sign-in'] as const;

/** The options of each subcommand. */
const ALLOWED: Readonly<Record<TerminalCommand, readonly Option[]>> = {
  token: [...FOR_TOKENS, 'json'],
  headers: [...FOR_TOKENS, 'json', 'url', 'method', 'nonce'],
  exec: [...FOR_TOKENS, 'var'],
  kubectl: FOR_TOKENS,
  'git-credential': FOR_TOKENS,
  list: ['json'],
  login: ['scope'],
};

/** The default environment variable of `exec`. */
const DEFAULT_VARIABLE = 'ACCESS_TOKEN';

/**
 * Parses the arguments.
 * @returns undefined if help is requested.
 * @throws CommandFailure `invalid-arguments`.
 */
export function parseArguments(args: readonly string[]): Arguments | undefined {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  const [command, ...rest] = own;
  if (own.some((one) => one === '--help' || one === '-h') || command === 'help') {
    return undefined;
  }
  if (!isCommand(command)) {
    throw invalid(command === undefined ? 'A command is missing.' : `Unknown command "${command}".`);
  }
  const { positionals, values } = parse(rest);
  checkOptions(command, Object.keys(values));
  return {
    command,
    ...readPositionals(command, positionals),
    scopes: readScopes(values.scope),
    account: values.account,
    isJson: values.json === true,
    signIn: values['sign-in'] === true,
    url: values.url,
    method: values.method,
    nonce: values.nonce,
    variable: readVariable(values.var),
    child: readChild(command, end < 0 ? [] : args.slice(end + 1)),
  };
}

/** Rejects options of other subcommands, and missing ones. */
function checkOptions(command: TerminalCommand, names: readonly string[]): void {
  const other = names.find((name) => !ALLOWED[command].some((option) => option === name));
  if (other !== undefined) {
    throw invalid(`"${command}" has no option --${other}.`);
  }
  if (command === 'headers' && !names.includes('url')) {
    throw invalid('--url is missing.');
  }
}

function readPositionals(
  command: TerminalCommand,
  [first = '', second, ...others]: readonly string[],
): Pick<Arguments, 'operation' | 'provider'> {
  if (command !== 'list' && first === '') {
    throw invalid('The ID of a provider is missing.');
  }
  const isTooMany = command === 'list' ? first !== '' : command !== 'git-credential' && second !== undefined;
  if (isTooMany || others.length > 0) {
    throw invalid('Too many arguments.');
  }
  return { provider: first, operation: second };
}

function readScopes(values: readonly string[] | undefined): readonly string[] | undefined {
  const scopes = values?.flatMap((value) => value.split(/\s+/)).filter((scope) => scope !== '');
  if (scopes?.length === 0) {
    throw invalid('--scope requires a scope.');
  }
  return scopes;
}

function readVariable(name = DEFAULT_VARIABLE): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw invalid('--var requires the name of an environment variable.');
  }
  return name;
}

function readChild(command: TerminalCommand, [file, ...args]: readonly string[]): Arguments['child'] {
  const isMissing = file === undefined || file === '';
  if (isMissing !== (command !== 'exec')) {
    throw invalid(command === 'exec' ? 'A command is missing after "--".' : 'Too many arguments.');
  }
  return isMissing ? undefined : [file, ...args];
}

function isCommand(name: string | undefined): name is TerminalCommand {
  return TERMINAL_COMMANDS.some((command) => command === name);
}

/** Parses the options. The messages of Node's parser are one line, and contain only the argument. */
function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw invalid(error instanceof Error ? (error.message.split('. ')[0] ?? '') : 'Invalid arguments');
  }
}

function invalid(message: string): CommandFailure {
  const sentence = message.endsWith('.') ? message : `${message}.`;
  return new CommandFailure('invalid-arguments', `${sentence} For help, run session-keeper --help.`);
}
