// The walkthrough and the extension's page, as VS Code shows them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { extensionId, root } from '../../tools/places.ts';
import { createUiFixture } from './fixture.ts';
import { signIn } from './userActions.ts';

/** The part of package.json that is shown. */
interface Manifest {
  readonly contributes: {
    readonly walkthroughs: readonly { readonly steps: readonly { readonly id: string; readonly title: string }[] }[];
  };
}

const readJson = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'));
const { contributes } = readJson('package.json') as Manifest;
const words = readJson('package.nls.json') as Readonly<Record<string, string>>;
const steps = contributes.walkthroughs.flatMap((walkthrough) =>
  walkthrough.steps.map(({ id, title }) => ({ id, title: words[title.slice(1, -1)] ?? '' })),
);

const THEMES: Readonly<Record<string, string>> = {
  light: 'Light 2026',
  dark: 'Dark 2026',
  'high-contrast': 'Default High Contrast',
  'high-contrast-light': 'Default High Contrast Light',
};

describe('the walkthrough and the page of the extension', () => {
  const fixture = createUiFixture({ accessTokenSeconds: 3600 });

  const step = (id: string): Locator =>
    fixture.workbench.page.locator(`.gettingStartedContainer button[data-step-id$="#${id}"]`);
  const isChecked = async (id: string): Promise<boolean> =>
    (await step(id).getByRole('checkbox').getAttribute('aria-checked')) === 'true';

  it('shows all steps when the walkthrough is opened', async () => {
    const { workbench } = fixture;
    await workbench.waitForStatus('Acme');
    // The pictures are only shown in a wide editor.
    await workbench.page.setViewportSize({ width: 1400, height: 800 });
    await workbench.run('View: Toggle Primary Side Bar Visibility');
    await workbench.run('Welcome: Open Walkthrough...');
    await workbench.rows.filter({ hasText: 'Get Started with Session Keeper' }).click();
    for (const { id, title } of steps) {
      await step(id).getByText(title, { exact: true }).waitFor();
    }
    assert.equal(steps.length, 5);
  });

  for (const [name, theme] of Object.entries(THEMES)) {
    it(`shows a picture of its own for each step in the theme ${theme}`, async () => {
      const { workbench } = fixture;
      await workbench.changeSettings({ 'workbench.colorTheme': theme });
      await workbench.reloadSettings();
      for (const { id, title } of steps) {
        // Not in the middle, where the links are.
        await step(id).locator('.step-title').click();
        const image = workbench.page.locator('.getting-started-media img');
        await image.waitFor();
        await image.evaluate((element: HTMLImageElement) => element.decode());
        assert.ok(((await image.getAttribute('alt')) ?? '') !== '', title);
        await workbench.screenshot(`walkthrough-${name}-${id}`);
      }
    });
  }

  it('checks off the steps that are done when the user signs in', async () => {
    const { workbench } = fixture;
    assert.deepEqual([await isChecked('addProvider'), await isChecked('signIn')], [false, false]);
    await signIn(workbench);
    for (const id of ['addProvider', 'signIn']) {
      await step(id).locator('[role=checkbox][aria-checked=true]').waitFor();
    }
    assert.equal(await isChecked('troubleshoot'), false);
    await workbench.screenshot('walkthrough-signed-in');
  });

  /** The document in the webview of the page. */
  const readme = (): FrameLocator =>
    fixture.workbench.page
      .locator('iframe.webview.ready')
      .last()
      .contentFrame()
      .locator('#active-frame')
      .contentFrame();

  it('shows the README without broken images on the page of the extension', async () => {
    const { workbench } = fixture;
    await workbench.run('Extensions: Show Installed Extensions');
    await workbench.page.locator(`.monaco-list-row[data-extension-id="${extensionId}"]`).first().click();
    await readme().getByRole('heading', { name: 'Get started' }).waitFor();
    for (const image of await readme().locator('img').all()) {
      await image.evaluate((element: HTMLImageElement) => element.decode());
    }
    await workbench.screenshot('extension-page');
  });
});
