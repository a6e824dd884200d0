import type { Environment } from '../../src/flows/availability.ts';

/** The environments that VS Code runs in, by description. */
export const ENVIRONMENTS = {
  'a desktop': { isBrowser: false, isRemote: false, isWorker: false, isPageLocal: true },
  'a desktop, beyond SSH, WSL or a container': { isBrowser: false, isRemote: true, isWorker: false, isPageLocal: true },
  'a browser on the same machine': { isBrowser: true, isRemote: true, isWorker: false, isPageLocal: true },
  'a browser elsewhere': { isBrowser: true, isRemote: true, isWorker: false, isPageLocal: false },
  'a web worker': { isBrowser: true, isRemote: false, isWorker: true, isPageLocal: false },
} satisfies Record<string, Environment>;
