// Replacements for parts of VS Code that only install scripts would build or download.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * VS Code writes its logs, including the output channels of extensions, through a native module that only an install
 * script would build; without it they stay empty. This is a minimal replacement.
 */
const logModule = `
const { appendFileSync, mkdirSync } = require('node:fs');
const { dirname } = require('node:path');
const names = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];
let common = 2;
class Logger {
  constructor(_type, _name, file) {
    mkdirSync(dirname(file), { recursive: true });
    Object.assign(this, { file, level: common, plain: false });
  }
  write(level, text) {
    if (level >= this.level) {
      const now = new Date();
      const time = new Date(now - now.getTimezoneOffset() * 60000).toISOString().slice(0, -1).replace('T', ' ');
      appendFileSync(this.file, this.plain ? text : time + ' [' + names[level] + '] ' + text + '\\n');
    }
  }
  trace(text) { this.write(0, text); }
  debug(text) { this.write(1, text); }
  info(text) { this.write(2, text); }
  warn(text) { this.write(3, text); }
  error(text) { this.write(4, text); }
  critical(text) { this.write(5, text); }
  getLevel() { return this.level; }
  setLevel(level) { this.level = level; }
  clearFormatters() { this.plain = true; }
  setPattern() {}
  flush() {}
  drop() {}
}
exports.version = 0;
exports.Logger = Logger;
exports.setLevel = (level) => { common = level; };
exports.setFlushOn = () => {};
exports.createRotatingLogger = async (name, file) => new Logger('', name, file);
exports.createAsyncRotatingLogger = exports.createRotatingLogger;
`;

/**
 * Adds the module that writes logs to a downloaded VS Code, if the native one wasn't built.
 *
 * @param home VS Code's folder
 * @throws the file system's error, if the folder can't be written
 */
export async function giveLog(home: string): Promise<void> {
  const folder = join(home, 'node_modules', '@vscode', 'spdlog');
  const file = join(folder, 'index.js');
  if (existsSync(join(folder, 'build')) || (await readFile(file, 'utf8')) === logModule) {
    return;
  }
  await replaceFile(file, logModule);
}

/**
 * Adds a search program that finds nothing to a downloaded VS Code, if the program is missing. Without it, each search by a
 * built-in extension ends with an unhandled promise rejection. Windows can't run this replacement.
 *
 * @param home VS Code's folder
 * @throws the file system's error, if the folder can't be written
 */
export async function giveSearch(home: string): Promise<void> {
  const folder = join(home, 'node_modules', '@vscode', 'ripgrep');
  const file = join(folder, 'bin', 'rg');
  if (process.platform !== 'win32' && existsSync(folder) && !existsSync(file)) {
    await replaceFile(file, '#!/bin/sh\nexit 1\n', 0o755);
  }
}

/** Writes a file atomically, because another editor may be starting. */
async function replaceFile(file: string, content: string, mode?: number): Promise<void> {
  const partial = `${file}.${String(process.pid)}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(partial, content, { mode });
  await rename(partial, file);
}
