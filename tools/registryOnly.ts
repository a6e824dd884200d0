import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes a package installable from an npm registry alone: if its lock file gets a dependency from a Git repository, the same
 * version is used from the registry instead. Older versions of VS Code need this.
 *
 * @param folder the package's folder, with its package.json and npm-shrinkwrap.json; without them, it's left unchanged
 * @throws SyntaxError if one of the two files isn't JSON
 */
export async function takeFromRegistry(folder: string): Promise<void> {
  const lockFile = join(folder, 'npm-shrinkwrap.json');
  const manifestFile = join(folder, 'package.json');
  const lock = await readJson(lockFile);
  const manifest = await readJson(manifestFile);
  const packages = lock === undefined ? undefined : recordIn(lock, 'packages');
  if (lock === undefined || manifest === undefined || packages === undefined) {
    return;
  }

  const versions = gitDependencies(packages);
  if (Object.keys(versions).length === 0) {
    return;
  }
  // Without an entry, npm resolves a package again, including its prebuilt parts.
  lock['packages'] = Object.fromEntries(
    Object.entries(packages).filter(([path]) => path === '' || versions[nameIn(path)] === undefined),
  );
  for (const owner of [manifest, recordIn(packages, '')]) {
    const dependencies = owner === undefined ? undefined : recordIn(owner, 'dependencies');
    for (const [name, version] of Object.entries(versions)) {
      if (dependencies?.[name] !== undefined) {
        dependencies[name] = version;
      }
    }
  }
  await writeFile(lockFile, JSON.stringify(lock, undefined, 2));
  await writeFile(manifestFile, JSON.stringify(manifest, undefined, 2));
}

/** The versions, by name, of the packages from Git repositories. */
function gitDependencies(packages: Record<string, unknown>): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const [path, entry] of Object.entries(packages)) {
    const { resolved, version } = isRecord(entry) ? entry : {};
    if (typeof resolved === 'string' && resolved.startsWith('git') && typeof version === 'string') {
      versions[nameIn(path)] = version;
    }
  }
  return versions;
}

/** The name of the package under a path in a lock file. */
function nameIn(path: string): string {
  return path.replace(/^.*node_modules\//u, '');
}

async function readJson(file: string): Promise<Record<string, unknown> | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const value: unknown = text === undefined ? undefined : JSON.parse(text);
  return isRecord(value) ? value : undefined;
}

function recordIn(owner: Record<string, unknown>, name: string): Record<string, unknown> | undefined {
  const value = owner[name];
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
