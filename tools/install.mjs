// Runs before every npm script: installs the dependencies if they are missing or out of date, so that any script works
// on a fresh clone. Plain JavaScript without dependencies: the newer Node that the other scripts need is itself a
// dependency, and at this point only the machine's own Node is certain to exist.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lock = join(root, '.installing');

/** The packages in a lock file, by their paths; undefined if the file isn't there or is damaged. */
function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * Whether node_modules matches package-lock.json. npm writes its own lock file into node_modules when an
 * installation is complete, without packages that this platform doesn't need. Contents are compared rather than times,
 * because a switch of branches touches package-lock.json without changing it.
 */
function isInstalled() {
  const wanted = packagesIn('package-lock.json');
  const installed = packagesIn('node_modules/.package-lock.json');
  if (wanted === undefined || installed === undefined) {
    return false;
  }
  const isSame = (a, b) => a?.version === b?.version && a?.integrity === b?.integrity;
  return (
    Object.entries(wanted).every(
      ([path, entry]) =>
        path === '' || isSame(entry, installed[path]) || (entry.optional === true && !(path in installed)),
    ) && Object.keys(installed).every((path) => path in wanted)
  );
}

/** Whether the process in the lock file is still running. A lock file without a process is just being written. */
function isHeld() {
  let holder;
  try {
    holder = readFileSync(lock, 'utf8');
  } catch {
    return false;
  }
  try {
    return holder === '' || process.kill(Number(holder), 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Acquires the lock; returns false if another process has it. */
function acquire() {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') {
      throw error;
    }
    if (!isHeld()) {
      rmSync(lock, { force: true });
    }
    return false;
  }
}

/** Runs `npm ci`. Its output goes to stderr: stdout belongs to the script that comes next. */
function install() {
  console.error('Installing dependencies…');
  // The npm that runs this script. The folder and the types of dependencies are explicit, because npm passes
  // its options on in the environment. Its warnings are about the machine's own Node, which is used only here.
  const args = ['ci', '--prefix', root, '--include=dev', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const stdio = ['ignore', 2, 2];
  const { status, error } =
    npm !== undefined && basename(npm) === 'npm-cli.js'
      ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio })
      : spawnSync('npm', args, { cwd: root, stdio, shell: process.platform === 'win32' });
  if (error !== undefined) {
    console.error(`Couldn't run npm: ${error.message}`);
  }
  return status ?? 1;
}

let isWaiting = false;
while (!isInstalled()) {
  if (acquire()) {
    try {
      process.exitCode = isInstalled() ? 0 : install();
    } finally {
      rmSync(lock, { force: true });
    }
    break;
  }
  if (!isWaiting) {
    isWaiting = true;
    console.error('Waiting for another script to finish installing dependencies…');
  }
  await wait(200);
}
