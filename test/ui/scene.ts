// What each description of a moment starts from: a fresh identity server, and a fresh VS Code that knows it.
import { demoClientId, startIdentityServer, type IdentityServer, type IdentityServerOptions } from '../workshop/identityServer.ts';
import type { EditorSettings } from '../workshop/editor.ts';
import { Workbench } from './workbench.ts';

/** How long, in ms, it may take until everything is there; the very first time VS Code and the browser are fetched. */
const SET_UP = 10 * 60_000;

/** What there is while the tests of one description run. */
export interface Scene {
  readonly identity: IdentityServer;
  readonly workbench: Workbench;
}

/** The entry of a server in the settings. */
export function entryFor(issuer: string): Readonly<Record<string, unknown>> {
  return { id: 'acme', label: 'Acme', issuer, clientId: demoClientId };
}

/** Sets everything up before the tests of a description, and takes it down after them. A failure leaves a picture. */
export function setScene(
  options: IdentityServerOptions,
  settings: (issuer: string) => EditorSettings = (issuer) => ({ 'sessionKeeper.providers': [entryFor(issuer)] }),
): Scene {
  let identity: IdentityServer | undefined;
  let workbench: Workbench | undefined;

  before(async function () {
    this.timeout(SET_UP);
    identity = await startIdentityServer(options);
    workbench = await Workbench.open(settings(identity.issuer));
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      await workbench?.pictures(`failed-${this.currentTest.title.slice(0, 60).replaceAll(/\W+/g, '-')}`);
    }
  });

  after(async () => {
    await workbench?.close();
    await identity?.stop();
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

function there<T>(thing: T | undefined): T {
  if (thing === undefined) {
    throw new Error('The scene is set only while its tests run.');
  }
  return thing;
}
