// The command `session-keeper` in the integrated terminal.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createUiFixture, entryFor } from './fixture.ts';
import { LONG, signIn } from './userActions.ts';
import type { Workbench } from './workbench.ts';

const QUESTION = 'A program in the terminal of "notes" requests access to Acme (demo).';

describe('the command session-keeper in the integrated terminal', () => {
  const fixture = createUiFixture({ accessTokenSeconds: LONG }, (issuer) => ({
    'sessionKeeper.providers': [entryFor(issuer)],
    // VS Code would offer to forward the ports of all programs.
    'remote.autoForwardPorts': false,
    'terminal.integrated.gpuAcceleration': 'off',
    'terminal.integrated.initialHint': false,
    'terminal.integrated.stickyScroll.enabled': false,
    'terminal.integrated.suggest.enabled': false,
  }));

  /** Runs a line in the terminal, with its output in a file of the workspace; resolves with the function that waits for that. */
  const start = async (workbench: Workbench, line: string): Promise<() => Promise<string>> => {
    const file = join(workbench.folder, 'output.txt');
    await rm(file, { force: true });
    await workbench.typeInTerminal(`${line} > part.txt 2>&1; echo "exit $?" >> part.txt; mv part.txt output.txt`);
    return async () => {
      while (!existsSync(file)) {
        await workbench.page.waitForTimeout(50);
      }
      return readFile(file, 'utf8');
    };
  };

  const run = async (workbench: Workbench, line: string): Promise<string> => (await start(workbench, line))();

  it('explains how to turn it on', async () => {
    const { workbench } = fixture;
    await signIn(workbench);
    await workbench.clearNotifications();
    await workbench.openTerminal();
    assert.equal(
      await run(workbench, 'session-keeper token acme'),
      'session-keeper: Terminal access is off. In VS Code, run "Session Keeper: Manage Terminal Access…". (terminal-access-off)\nexit 10\n',
    );
    await workbench.run('Session Keeper: Manage Terminal Access…');
    await workbench.notification("You're asked first").waitFor();
    await workbench.screenshot('terminal-1-turn-on');
    await workbench.press('Turn On Terminal Access', "You're asked first");
    await workbench.notification('Terminal access is on').waitFor();
    await workbench.clearNotifications();
  });

  it('asks, and then gets a token that works, in the terminal and in scripts', async () => {
    const { identity, workbench } = fixture;
    const output = await start(workbench, 'session-keeper token acme');
    await workbench.notification(QUESTION).waitFor();
    await workbench.screenshot('terminal-2-question');
    await workbench.press('Allow for This Workspace', QUESTION);
    const [, token = ''] = /\n(\S+)\nexit 0\n$/u.exec(await output()) ?? [];
    assert.equal(await identity.tokenIsActive(token), true);
    await writeFile(
      join(workbench.folder, 'check.sh'),
      'test -n "$ACCESS_TOKEN" && echo "has a token of ${#ACCESS_TOKEN} characters"',
    );
    const result = await run(workbench, 'session-keeper exec acme -- sh check.sh');
    assert.equal(result, `has a token of ${token.length} characters\nexit 0\n`);
    assert.match(await workbench.logs(), /access token used by a program in the terminal \(exec\)/u);
  });

  it('shows the use in the hover of the status bar', async () => {
    const { workbench } = fixture;
    // Tokens of the test server are worthless; the beginning is enough for the picture.
    await workbench.typeInTerminal(
      'clear; session-keeper list; session-keeper token acme | cut -c 1-12; session-keeper token nope',
    );
    await workbench.page.locator('.xterm-rows').filter({ hasText: '(unknown-provider)' }).first().waitFor();
    await workbench.status.hover();
    await workbench.page.locator('.monaco-hover', { hasText: 'Last used in the terminal' }).waitFor();
    await workbench.screenshot('terminal-3-hover');
  });

  it('uses the access token in curl', async () => {
    const { identity, workbench } = fixture;
    const url = `${identity.issuer}/me`;
    const result = await run(workbench, `curl -s -H "$(session-keeper headers acme --url ${url})" ${url}`);
    assert.match(result, /"preferred_username":"demo"/u);
  });

  it('asks again after the permission was removed, and works after a reload', async () => {
    const { workbench } = fixture;
    await workbench.reload();
    await workbench.waitForStatus('Acme: renews in');
    // The terminal and its environment are the same as before.
    assert.match(await run(workbench, 'session-keeper list'), /acme +Acme +demo +signed-in/u);
    await workbench.run('Session Keeper: Manage Terminal Access…');
    await workbench.rows.filter({ hasText: 'Allowed for this workspace' }).waitFor();
    await workbench.screenshot('terminal-4-manage');
    await workbench.rows.filter({ hasText: 'Allowed for this workspace' }).click();
    const output = await start(workbench, 'session-keeper token acme');
    await workbench.press('Deny', QUESTION);
    assert.match(await output(), /Access to Acme was denied\..+ \(denied\)\nexit 20\n$/u);
  });

  it('is off after it was turned off', async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Manage Terminal Access…');
    await workbench.rows.filter({ hasText: 'Turn Off Terminal Access' }).click();
    await workbench.box.waitFor({ state: 'hidden' });
    // The window stops listening a moment later.
    let output = '';
    do {
      output = await run(workbench, 'session-keeper list');
    } while (output.endsWith('exit 0\n'));
    assert.match(output, /\(terminal-access-off\)\nexit 10\n$/u);
  });
});
