import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { LAYERS, ON_DEMAND, breaches, loadedWith } from '../support/layers.ts';

const SRC = join(import.meta.dirname, '../../src');

/** The source files of the extension, by their path below src/. */
function sources(): Map<string, string> {
  const paths = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  return new Map(paths.map((path) => [path.split(sep).join('/'), readFileSync(join(SRC, path), 'utf8')]));
}

/** The violations in a small example, whose files are given as an object. */
const inExample = (files: Record<string, string>): string[] => breaches(new Map(Object.entries(files)));
/** The violations in one file, with an empty file in each layer to import from. */
const inFile = (file: string, text: string): string[] =>
  inExample({
    'core/a.ts': '',
    'protocol/a.ts': '',
    'flows/a.ts': '',
    'locking/a.ts': '',
    'storage/a.ts': '',
    'idle/a.ts': '',
    'sessions/a.ts': '',
    'host/a.ts': '',
    'auth/a.ts': '',
    'node/a.ts': '',
    'ui/a.ts': '',
    'integrations/a.ts': '',
    'wizard/a.ts': '',
    'diagnostics/a.ts': '',
    [file]: text,
  });

describe('the architecture of src', () => {
  it('is followed by every file', () => {
    assert.deepEqual(breaches(sources()), []);
  });

  it('has a file in every declared layer, and no other layers', () => {
    const layers = new Set([...sources().keys()].map((path) => path.split('/')[0] ?? ''));
    assert.deepEqual([...layers].sort(), Object.keys(LAYERS).sort());
  });

  it('has one level of layers only', () => {
    assert.deepEqual(
      [...sources().keys()].filter((path) => path.split('/').length > 2),
      [],
    );
  });
});

describe('the startup of the extension', () => {
  it('loads nothing that is loaded on demand', () => {
    assert.deepEqual(loadedWith('extension.ts', sources()), []);
  });

  it('lists only existing files', () => {
    const names = [...sources().keys()];
    const packages = Object.values(LAYERS).flatMap((layer) => layer.packages);
    assert.deepEqual(
      ON_DEMAND.filter(
        (name) =>
          ![...packages, 'vscode-uri', 'node:http'].includes(name) &&
          !names.some((file) => file === name || file.startsWith(`${name}/`)),
      ),
      [],
    );
  });

  it('is checked through every import at run time, and no other', () => {
    const files = new Map([
      ['extension.ts', `import { a } from './core/a.ts'; import type { T } from './flows/b.ts';`],
      ['core/a.ts', `export * from './b.ts'; const later = () => import('../protocol/a.ts');`],
      ['core/b.ts', `import { c } from '../protocol/c.ts'; import * as oauth from 'oauth4webapi';`],
      ['protocol/a.ts', ''],
      ['protocol/c.ts', `import { b } from '../flows/b.ts';`],
      ['flows/b.ts', ''],
    ]);
    assert.deepEqual(loadedWith('extension.ts', files), [
      'extension.ts -> core/a.ts -> core/b.ts -> protocol/c.ts',
      'extension.ts -> core/a.ts -> core/b.ts -> oauth4webapi',
    ]);
  });
});

describe('the checker of the architecture', () => {
  it('allows imports downward', () => {
    for (const [file, text] of [
      ['core/b.ts', `import * as v from 'valibot'; import { a } from './a.ts';`],
      ['protocol/b.ts', `import * as oauth from 'oauth4webapi'; import { a } from '../core/a.ts';`],
      ['flows/loopbackReceiver.ts', `import { createServer } from 'node:http'; import { a } from '../protocol/a.ts';`],
      ['flows/callbackUri.ts', `import { URI } from 'vscode-uri'; import { a } from '../core/a.ts';`],
      ['sessions/b.ts', `import * as v from 'valibot'; import { a } from '../protocol/a.ts';`],
      ['sessions/onDemandSessions.ts', `import { a } from '../idle/a.ts';`],
      [
        'ui/b.ts',
        `import * as vscode from 'vscode'; import { a } from '../flows/a.ts'; import { b } from '../sessions/a.ts';`,
      ],
      [
        'wizard/b.ts',
        `import * as vscode from 'vscode'; import { a } from '../ui/a.ts'; import { b } from '../sessions/a.ts';`,
      ],
      [
        'diagnostics/b.ts',
        `import * as vscode from 'vscode'; import { a } from '../ui/a.ts'; import { b } from '../sessions/a.ts';`,
      ],
      ['node/b.ts', `import { readFile } from 'node:fs/promises'; import type { A } from '../locking/a.ts';`],
      [
        'extension.ts',
        `import * as vscode from 'vscode'; import { a } from './ui/a.ts'; import { randomUUID } from 'node:crypto';`,
      ],
    ] as const) {
      assert.deepEqual(inFile(file, text), [], file);
    }
  });

  for (const [file, from] of [
    ['core/b.ts', 'protocol/a.ts'],
    ['core/b.ts', 'ui/a.ts'],
    ['protocol/b.ts', 'flows/a.ts'],
    ['protocol/b.ts', 'sessions/a.ts'],
    ['flows/b.ts', 'sessions/a.ts'],
    ['sessions/b.ts', 'flows/a.ts'],
    ['sessions/b.ts', 'ui/a.ts'],
    ['sessions/b.ts', 'node/a.ts'],
    ['sessions/sessionManager.ts', 'idle/a.ts'],
    ['sessions/refreshScheduler.ts', 'idle/a.ts'],
    ['idle/b.ts', 'sessions/a.ts'],
    ['node/b.ts', 'ui/a.ts'],
    ['ui/b.ts', 'node/a.ts'],
    ['ui/b.ts', 'wizard/a.ts'],
    ['ui/b.ts', 'diagnostics/a.ts'],
    ['wizard/b.ts', 'diagnostics/a.ts'],
    ['diagnostics/b.ts', 'wizard/a.ts'],
    ['wizard/b.ts', 'node/a.ts'],
  ] as const) {
    it(`reports ${file} importing ${from}, with any syntax`, () => {
      for (const text of [
        `import { a } from '../${from}';`,
        `import type { a } from '../${from}';`,
        `import '../${from}';`,
        `export { a } from '../${from}';`,
        `export type * from '../${from}';`,
        `const a = await import('../${from}');`,
        `let a: import('../${from}').A;`,
        `import a = require('../${from}');`,
      ]) {
        assert.deepEqual(inFile(file, text), [`${file} imports ${from}`], text);
      }
    });
  }

  it('reports an import of the entry point from below', () => {
    assert.deepEqual(inExample({ 'extension.ts': '', 'ui/a.ts': `import { activate } from '../extension.ts';` }), [
      'ui/a.ts imports extension.ts',
    ]);
  });

  for (const [file, from] of [
    ['core/b.ts', 'vscode'],
    ['sessions/b.ts', 'vscode'],
    ['flows/signIn.ts', 'node:http'],
    ['flows/loopbackReceiver.ts', 'node:https'],
    ['flows/uriFlow.ts', 'vscode-uri'],
    ['auth/b.ts', 'vscode-uri'],
    ['core/b.ts', 'oauth4webapi'],
    ['sessions/b.ts', 'oauth4webapi'],
    ['ui/b.ts', 'oauth4webapi'],
    ['extension.ts', 'oauth4webapi'],
    ['protocol/b.ts', 'valibot'],
    ['ui/b.ts', 'node:fs'],
    ['node/b.ts', 'vscode'],
    ['sessions/b.ts', 'node:timers/promises'],
    ['core/b.ts', 'fs'],
  ] as const) {
    it(`reports ${file} importing the package ${from}`, () => {
      assert.deepEqual(inFile(file, `import * as it from '${from}';`), [`${file} imports ${from}`]);
      assert.deepEqual(inFile(file, `import type { It } from '${from}';`), [`${file} imports ${from}`]);
    });
  }

  it('reports an import whose target is unknown', () => {
    assert.deepEqual(inFile('core/b.ts', 'const name = "x"; await import(name);'), [
      'core/b.ts imports (not a string literal)',
    ]);
    assert.deepEqual(inFile('core/b.ts', `import { x } from './gone.ts';`), [
      `core/b.ts imports ./gone.ts, which isn't a file of src`,
    ]);
    assert.deepEqual(inFile('core/b.ts', `import { x } from '../../test/x.ts';`), [
      `core/b.ts imports ../../test/x.ts, which isn't a file of src`,
    ]);
  });

  it('reports a file in an unknown layer', () => {
    assert.deepEqual(inExample({ 'utils/a.ts': `import * as v from 'valibot';` }), [
      'utils/a.ts is in an unknown layer',
    ]);
  });

  it('reports a cycle of two files and of three, but not one of types', () => {
    assert.deepEqual(
      inExample({ 'core/a.ts': `import { b } from './b.ts';`, 'core/b.ts': `import { a } from './a.ts';` }),
      ['cycle: core/a.ts -> core/b.ts -> core/a.ts'],
    );
    assert.deepEqual(
      inExample({
        'core/a.ts': `export * from './b.ts';`,
        'core/b.ts': `import './c.ts';`,
        'core/c.ts': `import { a } from './a.ts';`,
      }),
      ['cycle: core/a.ts -> core/b.ts -> core/c.ts -> core/a.ts'],
    );
    assert.deepEqual(
      inExample({ 'core/a.ts': `import type { B } from './b.ts';`, 'core/b.ts': `import { a } from './a.ts';` }),
      [],
    );
    assert.deepEqual(
      inExample({ 'core/a.ts': `import './b.ts'; import './c.ts';`, 'core/b.ts': `import './c.ts';`, 'core/c.ts': '' }),
      [],
      "two paths aren't a cycle",
    );
  });

  it('reports every kind of default export', () => {
    for (const text of [
      'export default 1;',
      'export default function a() {}',
      'export default class {}',
      'const a = 1; export { a as default };',
      `export { default } from './a.ts';`,
    ]) {
      assert.deepEqual(inFile('core/b.ts', text), ['core/b.ts has a default export'], text);
    }
    assert.deepEqual(inFile('core/b.ts', 'export const a = 1; export { a as b }; switch (a) { default: }'), []);
  });

  it('reports l10n outside of the files of messages', () => {
    for (const text of [`import { l10n } from 'vscode';`, `import * as vscode from 'vscode'; vscode.l10n.t('a');`]) {
      assert.deepEqual(inFile('ui/b.ts', text), ['ui/b.ts uses l10n']);
      assert.deepEqual(inFile('host/signInMessages.ts', text), []);
    }
  });

  it('reports literal text in a message', () => {
    for (const call of [
      `showInformationMessage('Hi')`,
      'showWarningMessage(`Hi ${name}`)',
      `showErrorMessage(say.hi(), 'OK')`,
      `showInformationMessage(x ? 'a' : b)`,
      `showInformationMessage('a' + b)`,
      `showWarningMessage(a, { modal: true, detail: 'b' })`,
    ]) {
      const found = inFile('ui/b.ts', `import * as vscode from 'vscode'; void vscode.window.${call};`);
      assert.deepEqual(found, [`ui/b.ts has a literal text in ${call.split('(')[0] ?? ''}`], call);
    }
    for (const call of [
      `showInformationMessage(say.hi('Ada'))`,
      'showWarningMessage(words, ...actions.map(label))',
      'showWarningMessage(a ? b() : c(), { modal: true })',
    ]) {
      assert.deepEqual(inFile('ui/b.ts', `import * as vscode from 'vscode'; void vscode.window.${call};`), [], call);
    }
  });

  for (const [name, text, home] of [
    ['setTimeout', 'setTimeout(() => {}, 1);', 'core/clock.ts'],
    ['setTimeout', 'globalThis.setTimeout(() => {}, 1);', 'core/clock.ts'],
    ['setInterval', 'const every = setInterval;', 'core/clock.ts'],
    ['Date.now', 'const now = () => Date.now();', 'core/clock.ts'],
    ['Date.now', 'const ports = { now: Date.now };', 'core/clock.ts'],
    ['new Date()', 'const now = new Date();', 'core/clock.ts'],
    ['performance.now', 'const now = performance.now();', 'core/clock.ts'],
    ['AbortSignal.timeout', 'const signal = AbortSignal.timeout(1);', 'core/clock.ts'],
    ['fetch', 'const answer = fetch(address);', 'extension.ts'],
    ['fetch', 'const ports = { fetch };', 'extension.ts'],
    ['fetch', 'function f(get = fetch) { return get; }', 'extension.ts'],
    ['fetch', 'const answer = globalThis.fetch(address);', 'extension.ts'],
    ['fetch', '{ const fetch = 1; } fetch(address);', 'extension.ts'],
    ['Math.random', 'const one = Math.random();', 'extension.ts'],
  ] as const) {
    it(`reports ${name} taken from the platform in: ${text}`, () => {
      assert.deepEqual(inFile('protocol/b.ts', text), [`protocol/b.ts uses ${name}`]);
      assert.deepEqual(inFile(home, text), []);
    });
  }

  it("doesn't report a name of the file itself, a member or a type", () => {
    for (const text of [
      'const fetch = make(); fetch(address);',
      'function ask(fetch: () => void) { const later = () => fetch(); return later; }',
      'const { fetch } = transport; fetch(address);',
      `import { fetch } from './a.ts'; fetch(address);`,
      'transport.fetch(address); const ports = { fetch: own }; const { fetch: mine } = ports;',
      'interface Ports { fetch: typeof fetch; setTimeout(): void }',
      'class Ports { fetch() { return 1; } performance = 1; }',
      'const date = new Date(at); const iso = Date.UTC(2030, 0); const longest = Math.max(1, 2);',
      'const signal = AbortSignal.any([one, other]); // fetch, Date.now and setTimeout in words: "fetch(x)"',
    ]) {
      assert.deepEqual(inFile('protocol/b.ts', text), [], text);
    }
  });
});
