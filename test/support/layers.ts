// Checks the architecture of src/: reads source texts and reports violations.
import { posix } from 'node:path';
import ts from 'typescript';
import { globalsOf } from './globalNames.ts';

/** What a layer may import: other layers, and packages. */
export interface Layer {
  readonly layers: readonly string[];
  readonly packages: readonly string[];
}

/** The layers of src/ by folder. The entry point is a file, and its layer has the name of the file. */
export const LAYERS: Readonly<Record<string, Layer>> = {
  core: { layers: ['core'], packages: ['valibot'] },
  protocol: { layers: ['core', 'protocol'], packages: ['oauth4webapi'] },
  flows: { layers: ['core', 'protocol', 'flows'], packages: [] },
  locking: { layers: ['core', 'locking'], packages: ['valibot'] },
  storage: { layers: ['core', 'protocol', 'locking', 'storage'], packages: ['valibot'] },
  node: {
    layers: ['core', 'locking', 'storage', 'node'],
    packages: ['node:crypto', 'node:dns/promises', 'node:fs', 'node:fs/promises', 'node:net', 'node:os', 'node:path'],
  },
  cli: {
    layers: ['core', 'node', 'cli'],
    packages: ['node:child_process', 'node:net', 'node:os', 'node:path', 'node:util', 'cross-spawn'],
  },
  idle: { layers: ['core', 'locking', 'storage', 'idle'], packages: ['valibot'] },
  sessions: { layers: ['core', 'protocol', 'locking', 'storage', 'sessions'], packages: ['valibot'] },
  host: { layers: ['core', 'protocol', 'flows', 'locking', 'storage', 'sessions', 'host'], packages: ['vscode'] },
  auth: {
    layers: ['core', 'protocol', 'flows', 'locking', 'storage', 'idle', 'sessions', 'host', 'auth'],
    packages: ['vscode'],
  },
  ui: {
    layers: ['core', 'protocol', 'flows', 'locking', 'storage', 'idle', 'sessions', 'host', 'auth', 'ui'],
    packages: ['vscode'],
  },
  integrations: {
    layers: ['core', 'protocol', 'storage', 'sessions', 'host', 'auth', 'integrations'],
    packages: ['vscode'],
  },
  wizard: {
    layers: ['core', 'protocol', 'flows', 'locking', 'storage', 'sessions', 'host', 'auth', 'ui', 'wizard'],
    packages: ['vscode', 'node:crypto'],
  },
  diagnostics: {
    layers: [
      'core',
      'protocol',
      'flows',
      'locking',
      'storage',
      'idle',
      'sessions',
      'host',
      'auth',
      'ui',
      'diagnostics',
    ],
    packages: ['vscode'],
  },
  'onDemand.ts': {
    layers: [
      'core',
      'protocol',
      'flows',
      'storage',
      'node',
      'sessions',
      'host',
      'auth',
      'integrations',
      'ui',
      'wizard',
      'diagnostics',
    ],
    packages: ['vscode', 'node:crypto', 'node:fs/promises', 'node:path'],
  },
  'extension.ts': {
    layers: ['core', 'node', 'sessions', 'host', 'auth', 'ui', 'onDemand.ts'],
    packages: ['vscode', 'node:crypto', 'node:path'],
  },
};

/** The files with the texts that the startup of the extension needs, by their path below src/. */
export const START_TEXTS: readonly string[] = [
  'host/startButtonLabels.ts',
  'host/startMessages.ts',
  'host/statusBarMessages.ts',
  'host/tooltipMessages.ts',
];

/** The files with the other texts. */
const ON_DEMAND_TEXTS: readonly string[] = [
  'diagnostics/reportMessages.ts',
  'host/buttonLabels.ts',
  'host/clipboardMessages.ts',
  'host/dpopMessages.ts',
  'host/failureMessages.ts',
  'host/gitMessages.ts',
  'host/loadIssueMessages.ts',
  'host/mcpMessages.ts',
  'host/notificationMessages.ts',
  'host/pageMessages.ts',
  'host/promptMessages.ts',
  'host/quickPickMessages.ts',
  'host/settingsMessages.ts',
  'host/signInMessages.ts',
  'host/terminalMessages.ts',
  'wizard/clientStepMessages.ts',
  'wizard/entryStepMessages.ts',
  'wizard/mcpServerMessages.ts',
  'wizard/presetMessages.ts',
  'wizard/redirectStepMessages.ts',
  'wizard/serverStepMessages.ts',
  'wizard/summaryMessages.ts',
  'wizard/wizardMessages.ts',
];

/** The files with the texts that users read; no other file uses `l10n`. */
export const TEXTS: ReadonlySet<string> = new Set([...START_TEXTS, ...ON_DEMAND_TEXTS]);

/**
 * What is loaded only on demand, although other rules would allow the startup to import it: layers, files by their path
 * below src/, and packages.
 */
export const ON_DEMAND: readonly string[] = [
  'onDemand.ts',
  'protocol',
  'flows',
  'idle',
  'integrations',
  'wizard',
  'diagnostics',
  'oauth4webapi',
  'vscode-uri',
  'node:http',
  'core/challenge.ts',
  ...ON_DEMAND_TEXTS,
  'host/openSettings.ts',
  'locking/renewalLock.ts',
  'sessions/onDemandSessions.ts',
  'sessions/refreshBackoff.ts',
  'sessions/tokenRefresher.ts',
  'auth/sessionRequests.ts',
  'auth/signInController.ts',
  'ui/commands.ts',
  'ui/notificationCenter.ts',
  'ui/recoveryActions.ts',
];

/** Packages that single files may import in addition to those of their layer. */
const ALLOWED_TO_FILES: Readonly<Record<string, readonly string[]>> = {
  'flows/callbackUri.ts': ['vscode-uri'],
  'flows/listener.ts': ['node:http'],
  'flows/loopbackReceiver.ts': ['node:http'],
};

/** Layers that single files may import in addition to those of their layer. */
const LAYERS_OF_FILES: Readonly<Record<string, readonly string[]>> = {
  // It creates the idle sign-out and passes it to the other files of its layer as their gate.
  'sessions/onDemandSessions.ts': ['idle'],
};

/** The names that are passed as arguments everywhere, each with the only file that takes it from the platform. */
const PORTS: Readonly<Record<string, string>> = {
  setTimeout: 'core/clock.ts',
  setInterval: 'core/clock.ts',
  setImmediate: 'core/clock.ts',
  'Date.now': 'core/clock.ts',
  'new Date()': 'core/clock.ts',
  performance: 'core/clock.ts',
  'AbortSignal.timeout': 'core/clock.ts',
  fetch: 'extension.ts',
  'Math.random': 'extension.ts',
};

/** The functions that show a message. */
const MESSAGES = new Set(['showInformationMessage', 'showWarningMessage', 'showErrorMessage']);

interface Import {
  readonly from: string;
  /** Whether it's erased at run time. */
  readonly isType: boolean;
  /** Whether it's loaded only when the code around it runs. */
  readonly isDynamic: boolean;
}

/**
 * The violations of the architecture in source files; empty if there are none.
 * @param files the source texts by their path below src/, with `/`.
 */
export function breaches(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  const edges = new Map<string, string[]>();
  for (const [file, text] of files) {
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
    const imports = importsOf(source);
    found.push(...imports.flatMap((one) => importBreach(file, one.from, files)));
    edges.set(
      file,
      imports.filter(({ from, isType }) => !isType && isRelative(from)).map(({ from }) => resolve(file, from)),
    );
    found.push(...contentBreaches(file, source));
  }
  return [...new Set([...found, ...cyclesOf(edges)])];
}

/**
 * Which of {@link ON_DEMAND} are loaded together with a file, each with the chain of imports.
 * @param files the source texts by their path below src/, with `/`.
 */
export function loadedWith(entry: string, files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  const visitFile = (name: string, chain: readonly string[]): void => {
    if (seen.has(name)) {
      return;
    }
    seen.add(name);
    const path = [...chain, name];
    if (ON_DEMAND.includes(name) || ON_DEMAND.includes(layerOf(name))) {
      found.push(path.join(' -> '));
      return;
    }
    const source = ts.createSourceFile(name, files.get(name) ?? '', ts.ScriptTarget.ES2023, true);
    for (const { from, isDynamic, isType } of importsOf(source)) {
      if (!isDynamic && !isType) {
        visitFile(isRelative(from) ? resolve(name, from) : from, path);
      }
    }
  };
  visitFile(entry, []);
  return found;
}

function isRelative(from: string): boolean {
  return from.startsWith('.') || from.startsWith('/');
}

function resolve(file: string, from: string): string {
  return posix.join(posix.dirname(file), from);
}

function layerOf(file: string): string {
  return file.split('/')[0] ?? '';
}

function importBreach(file: string, from: string, files: ReadonlyMap<string, string>): string[] {
  const layer = LAYERS[layerOf(file)];
  if (layer === undefined) {
    return [`${file} is in an unknown layer`];
  }
  if (!isRelative(from)) {
    const allowed = [...layer.packages, ...(ALLOWED_TO_FILES[file] ?? [])];
    return allowed.includes(from) ? [] : [`${file} imports ${from}`];
  }
  const target = resolve(file, from);
  if (!files.has(target)) {
    return [`${file} imports ${from}, which isn't a file of src`];
  }
  const layers = [...layer.layers, ...(LAYERS_OF_FILES[file] ?? [])];
  return layers.includes(layerOf(target)) ? [] : [`${file} imports ${target}`];
}

/** Every import of a file: declarations, re-exports, `import()`, `require()` and `import('…')` types. */
function importsOf(source: ts.SourceFile): Import[] {
  const imports: Import[] = [];
  const add = (specifier: ts.Node | undefined, isType: boolean, isDynamic = false): void => {
    imports.push({
      from: specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier.text : '(not a string literal)',
      isType,
      isDynamic,
    });
  };
  visit(source, (node) => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isExternalModuleReference(node)) {
      add(node.expression, false);
    } else if (ts.isImportTypeNode(node)) {
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true);
    } else if (ts.isCallExpression(node) && isImportCall(node)) {
      add(node.arguments[0], false, node.expression.kind === ts.SyntaxKind.ImportKeyword);
    }
  });
  return imports;
}

function isImportCall({ expression }: ts.CallExpression): boolean {
  return (
    expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(expression) && expression.text === 'require')
  );
}

function contentBreaches(file: string, source: ts.SourceFile): string[] {
  const found: string[] = [];
  for (const name of globalsOf(source)) {
    const home = PORTS[name] ?? PORTS[name.split('.')[0] ?? ''];
    if (home !== undefined && home !== file) {
      found.push(`${file} uses ${name}`);
    }
  }
  visit(source, (node) => {
    if (isDefaultExport(node)) {
      found.push(`${file} has a default export`);
    }
    if (!TEXTS.has(file) && ts.isIdentifier(node) && node.text === 'l10n') {
      found.push(`${file} uses l10n`);
    }
    const message = ts.isCallExpression(node) ? nameOfCallee(node) : undefined;
    if (
      !TEXTS.has(file) &&
      ts.isCallExpression(node) &&
      message !== undefined &&
      MESSAGES.has(message) &&
      node.arguments.some(saysSomething)
    ) {
      found.push(`${file} has a literal text in ${message}`);
    }
  });
  return found;
}

function isDefaultExport(node: ts.Node): boolean {
  return (
    (ts.isExportAssignment(node) && node.isExportEquals !== true) ||
    (ts.isExportSpecifier(node) && node.name.text === 'default') ||
    (ts.canHaveModifiers(node) &&
      ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) === true)
  );
}

function nameOfCallee({ expression }: ts.CallExpression): string | undefined {
  return ts.isPropertyAccessExpression(expression)
    ? expression.name.text
    : ts.isIdentifier(expression)
      ? expression.text
      : undefined;
}

/** Whether an argument of a message contains a literal text, except for those passed to a function. */
function saysSomething(argument: ts.Node): boolean {
  if (ts.isCallExpression(argument) || ts.isElementAccessExpression(argument)) {
    return false;
  }
  const isText = ts.isStringLiteralLike(argument) || ts.isTemplateExpression(argument);
  return isText || ts.forEachChild(argument, (child) => saysSomething(child) || undefined) === true;
}

/** Each cycle of imports at run time, once. */
function cyclesOf(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) {
      cycles.push(`cycle: ${[...way.slice(way.indexOf(file)), file].join(' -> ')}`);
    } else if (!done.has(file)) {
      for (const next of edges.get(file) ?? []) {
        walk(next, [...way, file]);
      }
      done.add(file);
    }
  };
  for (const file of edges.keys()) {
    walk(file, []);
  }
  return cycles;
}

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}
