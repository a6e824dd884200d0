// VS Code in a browser on another computer than the one it runs on: the browser cannot come back by itself.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { answerPages, confirmCode } from '../../tools/person.ts';
import { callOff, landsOn, offersOf } from './acts.ts';
import { entryFor, setScene } from './scene.ts';

const CODE = /[A-Z]{4}-[A-Z]{4}/;

describe('signing in when the browser is on another computer than VS Code', () => {
  const scene = setScene({}, (issuer) => ({ 'sessionKeeper.providers': [entryFor(issuer)] }), {
    host: 'code.example.com',
  });

  it('shows a code first when the browser could not return to VS Code', async () => {
    const { workbench } = scene;
    await workbench.run('Session Keeper: Sign In…');
    await workbench.dialog.filter({ hasText: 'Enter this code' }).waitFor();
    assert.match(workbench.page.url(), /^http:\/\/code\.example\.com:\d+\//);
    await workbench.picture('64-elsewhere-code');
    await workbench.dialog.getByRole('button', { name: 'Use Another Device' }).click();
  });

  it('offers to paste the address when the code was canceled, and refuses the address of another sign-in', async () => {
    const { workbench } = scene;
    const told = await callOff(workbench);
    assert.deepEqual(await offersOf(told), {
      buttons: ['Sign In and Paste the Address', 'Copy Redirect URI'],
      links: [],
    });
    await workbench.picture('65-elsewhere-offer');
    const page = await workbench.opens(() =>
      told.getByRole('button', { name: 'Sign In and Paste the Address' }).click(),
    );
    await workbench.comeBackFrom(page);
    await workbench.box.fill('http://127.0.0.1:50000/callback?code=a&state=of-another');
    await workbench.page.getByText('This is not the address that this sign-in has ended on.').waitFor();
    await workbench.picture('66-elsewhere-wrong-address');
  });

  it('offers the code by name when pasting was canceled', async () => {
    const { workbench } = scene;
    await workbench.page.keyboard.press('Escape');
    const told = workbench.told('Signing in to Acme was canceled.').last();
    assert.deepEqual(await offersOf(told), { buttons: ['Sign In with a Code', 'Copy Redirect URI'], links: [] });
    await workbench.told('finish in the browser').waitFor({ state: 'detached' });
    await workbench.picture('67-elsewhere-code-again');
    await workbench.clearNotifications();
  });

  it('signs in when the address of the last page is pasted', async () => {
    const { workbench } = scene;
    await workbench.run('Session Keeper: Sign In…');
    await workbench.dialog.getByRole('button', { name: 'Use Another Device' }).click();
    const told = await callOff(workbench);
    const page = await workbench.opens(() =>
      told.getByRole('button', { name: 'Sign In and Paste the Address' }).click(),
    );
    const address = await landsOn(page, () => answerPages(page, 'demo'));
    assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\/callback\?code=/);
    await workbench.comeBackFrom(page);
    await workbench.box.fill(address);
    await workbench.box.press('Enter');
    await workbench.told('Signed in to Acme as demo.').waitFor();
    await workbench.statusSays('Acme: renews in');
  });

  it('signs in with a new code when the first one has expired', async () => {
    const { identity, workbench } = scene;
    await workbench.clearNotifications();
    identity.policy.deviceCodeSeconds = 2;
    await workbench.run('Session Keeper: Sign In…');
    const old = await codeShown();
    await workbench.dialog.getByRole('button', { name: 'Use Another Device' }).click();
    const told = workbench.told('The code for signing in to Acme has run out before it was used.');
    assert.deepEqual(await offersOf(told), { buttons: ['Get a New Code', 'Sign In and Paste the Address'], links: [] });
    await workbench.picture('68-elsewhere-code-over');
    identity.policy.deviceCodeSeconds = 600;
    await told.getByRole('button', { name: 'Get a New Code' }).click();
    const fresh = await codeShown();
    assert.notEqual(fresh, old);
    const page: Page = await workbench.opens(() =>
      workbench.dialog.getByRole('button', { name: 'Open Page', exact: true }).click(),
    );
    await page.getByText(`shows the code ${fresh}?`).waitFor();
    await confirmCode(page, 'demo');
    await workbench.comeBackFrom(page);
    await workbench.told('Signed in to Acme as demo.').waitFor();
  });

  async function codeShown(): Promise<string> {
    const { dialog } = scene.workbench;
    await dialog.filter({ hasText: CODE }).waitFor();
    return CODE.exec((await dialog.textContent()) ?? '')?.[0] ?? '';
  }
});
