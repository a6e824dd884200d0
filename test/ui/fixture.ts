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
import { Workbench, type WorkbenchOptions } from './workbench.ts';

// A mocha worker doesn't load this file again for its next test file, and stops them when it ends.
if (process.env['MOCHA_WORKER_ID'] === undefined) {
  after(closeEditors);
}

/** The timeout, in ms, of the setup; the first time, VS Code and the browser are downloaded. */
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
 * Sets everything up before the tests of a description, and tears it down after them. Then no secret may be in a log or in
 * the wrong place of a request. A failure saves a screenshot.
 */
export function createUiFixture(
  options: IdentityServerOptions,
  settings: (issuer: string) => EditorSettings = (issuer) => ({ 'sessionKeeper.providers': [entryFor(issuer)] }),
  windowOptions: WorkbenchOptions | ((identity: IdentityServer) => WorkbenchOptions) = {},
): UiFixture {
  let identity: IdentityServer | undefined;
  let workbench: Workbench | undefined;

  before(async function () {
    this.timeout(SET_UP);
    identity = await startIdentityServer(options);
    workbench = await Workbench.open(
      settings(identity.issuer),
      typeof windowOptions === 'function' ? windowOptions(identity) : windowOptions,
    );
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
  assert.ok(isTraced(logs), "The extension wasn't logged at the level trace.");
  assert.deepEqual(leaks(journal, logs), []);
}

function there<T>(thing: T | undefined): T {
  if (thing === undefined) {
    throw new Error('The fixture is set only while its tests run.');
  }
  return thing;
}
