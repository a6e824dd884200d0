// The fixture of the UI tests: a new identity server, and a new VS Code that is configured for it.
import assert from 'node:assert/strict';
import {
  demoClientId,
  startIdentityServer,
  type IdentityServer,
  type IdentityServerOptions,
} from '../../tools/identityServer.ts';
import type { EditorSettings } from '../../tools/editor.ts';
import { isTraced, leaks } from '../../tools/leaks.ts';
import { closeEditors } from './editors.ts';
import { Workbench } from './workbench.ts';

// A worker of mocha, which does not come here again with its next file, stops them when it ends.
if (process.env['MOCHA_WORKER_ID'] === undefined) {
  after(closeEditors);
}

/** How long, in ms, it may take until everything is there; the very first time VS Code and the browser are fetched. */
const SET_UP = 10 * 60_000;

/** The parts that exist while the tests of one `describe` run. */
export interface UiFixture {
  readonly identity: IdentityServer;
  readonly workbench: Workbench;
}

/** The entry of a server in the settings. */
export function entryFor(issuer: string): Readonly<Record<string, unknown>> {
  return { id: 'acme', label: 'Acme', issuer, clientId: demoClientId };
}

/**
 * Sets everything up before the tests of a description, and takes it down after them, when no secret may be in any log or
 * in the wrong place of a request. A failure leaves a picture.
 * @param host the name under which the browser finds VS Code, as if that ran on another machine, and `extensions` gives the
 *   package files of other extensions to install.
 */
export function createUiFixture(
  options: IdentityServerOptions,
  settings: (issuer: string) => EditorSettings = (issuer) => ({ 'sessionKeeper.providers': [entryFor(issuer)] }),
  { extensions, host }: { readonly host?: string; readonly extensions?: () => Promise<readonly string[]> } = {},
): UiFixture {
  let identity: IdentityServer | undefined;
  let workbench: Workbench | undefined;

  before(async function () {
    this.timeout(SET_UP);
    identity = await startIdentityServer(options);
    workbench = await Workbench.open(settings(identity.issuer), host, await extensions?.());
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      await workbench?.screenshotAll(`failed-${this.currentTest.title.slice(0, 60).replaceAll(/\W+/g, '-')}`);
    }
  });

  after('keeps every secret', async () => {
    try {
      if (identity !== undefined && workbench !== undefined) {
        await mustHaveKept(identity, workbench);
      }
    } finally {
      await workbench?.close();
      await identity?.stop();
    }
  });

  return {
    get identity() {
      return there(identity);
    },
    get workbench() {
      return there(workbench);
    },
  };
}

async function mustHaveKept({ journal }: IdentityServer, workbench: Workbench): Promise<void> {
  const logs = await workbench.logTexts();
  assert.ok(isTraced(logs), 'The log of the extension was not kept at the level trace.');
  assert.deepEqual(leaks(journal, logs), []);
}

function there<T>(thing: T | undefined): T {
  if (thing === undefined) {
    throw new Error('The fixture is set only while its tests run.');
  }
  return thing;
}
