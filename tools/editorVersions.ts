// The versions of VS Code, and how they differ.

/** The default version of VS Code. */
export const pinnedVersion = '1.139.1';

/** The oldest VS Code that the extension supports, in its latest release that can be served to the browser. */
export const minimumVersion = '1.108.2';

/**
 * The VS Code version in the environment: `SESSION_KEEPER_VSCODE` can be `minimum`,
 * or a version such as `1.108.2` or `4.108.2`.
 *
 * @returns a VS Code version; {@link pinnedVersion} by default
 * @throws Error if the variable has any other value
 */
export function chosenVersion(): string {
  const asked = process.env['SESSION_KEEPER_VSCODE'] ?? '';
  if (asked === '') {
    return pinnedVersion;
  }
  if (asked === 'minimum') {
    return minimumVersion;
  }
  const parts = /^[14]\.(\d+\.\d+)$/u.exec(asked);
  if (parts?.[1] === undefined) {
    throw new Error(`SESSION_KEEPER_VSCODE is "${asked}"; expected "minimum" or a version such as ${minimumVersion}.`);
  }
  return `1.${parts[1]}`;
}

/**
 * Whether a VS Code in the browser opens a URL of this computer without its path and query, so that a sign-in at a server
 * under 127.0.0.1 isn't possible (https://github.com/coder/code-server/issues/7668).
 *
 * @param version the VS Code version
 * @returns true before 1.139
 */
export function losesLoopbackPaths(version: string): boolean {
  return minorOf(version) < 139;
}

/**
 * Whether VS Code ignores a log level for one extension, so that only a level for all logs takes effect.
 *
 * @param version the VS Code version
 * @returns true before 1.112
 */
export function ignoresExtensionLogLevels(version: string): boolean {
  return minorOf(version) < 112;
}

function minorOf(version: string): number {
  return Number(version.split('.')[1]);
}
