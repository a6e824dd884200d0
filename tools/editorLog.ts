import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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
  // Atomic, because another editor may be starting.
  const partial = `${file}.${String(process.pid)}`;
  await writeFile(partial, logModule);
  await rename(partial, file);
}
