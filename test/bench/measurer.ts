// The measuring extension. It's a regular extension rather than a test module: VS Code shows no dialogs in a window
// that runs tests, and access to a session is granted in a dialog.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { folderVariable, outcomeFile, taskFile } from './task.ts';
import type { ActivationTask, Outcome, SessionTask, Task, Times } from './task.ts';

/** How long the window gets to finish its own start, in ms, so that it doesn't affect the measurement. */
const settling = 2000;

/** How long an extension gets to finish its work after activation, in ms. */
const settlingAfterActivation = 300;

/** How many calls to each provider aren't measured, until the code is warm. */
const warmUpCalls = 200;

/** Starts to measure, without delaying the start of the window. */
export function activate(): void {
  void measure();
}

async function measure(): Promise<void> {
  const folder = process.env[folderVariable] ?? '';
  const outcome = await outcomeOf(folder);
  const part = join(folder, `${outcomeFile}.part`);
  await writeFile(part, JSON.stringify(outcome));
  await rename(part, join(folder, outcomeFile));
}

async function outcomeOf(folder: string): Promise<Outcome> {
  try {
    const task = JSON.parse(await readFile(join(folder, taskFile), 'utf8')) as Task;
    await delay(settling);
    return { times: task.kind === 'activation' ? await measureActivation(task) : await measureSessions(task) };
  } catch (error) {
    return { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function measureActivation({ ids }: ActivationTask): Promise<Times> {
  const times: Record<string, number[]> = {};
  for (const id of ids) {
    const extension = found(id);
    if (extension.isActive) {
      times[id] = [];
      continue;
    }
    const initialRecord = performance.now();
    await extension.activate();
    times[id] = [performance.now() - initialRecord];
    await delay(settlingAfterActivation);
  }
  return times;
}

async function measureSessions({
  owners,
  providers,
  scopes,
  batches,
  callsPerBatch,
  enough,
}: SessionTask): Promise<Times> {
  for (const owner of owners) {
    await found(owner).activate();
  }
  for (const provider of providers) {
    // The user signs in, and grants this extension access to the session.
    await vscode.authentication.getSession(provider, scopes, { createIfNone: true });
    await meanOfCalls(provider, scopes, warmUpCalls);
  }
  const times = new Map<string, number[]>(providers.map((provider) => [provider, []]));
  const until = performance.now() + enough;
  for (let round = 0; round < batches && performance.now() < until; round += 1) {
    for (const provider of round % 2 === 0 ? providers : providers.toReversed()) {
      times.get(provider)?.push(await meanOfCalls(provider, scopes, callsPerBatch));
    }
  }
  return Object.fromEntries(times);
}

async function meanOfCalls(provider: string, scopes: readonly string[], calls: number): Promise<number> {
  const initialRecord = performance.now();
  for (let call = 0; call < calls; call += 1) {
    if ((await vscode.authentication.getSession(provider, scopes, { silent: true })) === undefined) {
      throw new Error(`The provider "${provider}" has no session for its caller.`);
    }
  }
  return (performance.now() - initialRecord) / calls;
}

function found(id: string): vscode.Extension<unknown> {
  const extension = vscode.extensions.getExtension(id);
  if (extension === undefined) {
    throw new Error(`The extension ${id} is missing.`);
  }
  return extension;
}
