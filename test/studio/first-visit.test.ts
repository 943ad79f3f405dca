import { delimiter, dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { hasChromium, holds, launchStudioBrowser, type StudioBrowser } from '../support/studio-browser.ts';
import { openTestIndex } from '../support/test-index.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { findTestUv } from '../support/test-uv.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = hasChromium ? describe : describe.skip;

inBrowser('a first visit', () => {
  const opened = new AsyncDisposableStack();
  let server: WeftServer;
  let browser: StudioBrowser;
  beforeAll(async () => {
    const index = opened.use(await openTestIndex({ name: 'tiny-tools', version: '1.0' }));
    const uvPath = await findTestUv();
    const { url: databaseUrl } = opened.use(await createDatabase());
    const env = {
      PATH: [...(uvPath === undefined ? [] : [dirname(uvPath)]), process.env.PATH].join(delimiter),
      PYTHON_INDEX_URL: index.url,
      PYTHON_ALLOWED_PACKAGES: 'tiny-tools',
    };
    server = opened.use(await startWeft({ databaseUrl, env }));
    browser = opened.use(await launchStudioBrowser());
  });
  afterAll(async () => await opened.disposeAsync());

  test('from nothing by a template to a run that fails at a line, is mended there, and succeeds', async () => {
    await using studio = await browser.open(server, { isAnimated: true });
    const { page } = studio;
    await page.getByText('No workflows yet').waitFor();
    await page.getByRole('button', { name: /^Open .*Movie report.* in the editor$/i }).click();
    await page.waitForURL('**/workflows/wf_*');
    const editorUrl = page.url();

    // A package that the server does not allow, and the one that was meant.
    await page.locator('.react-flow__node').filter({ hasText: 'Parse' }).click();
    const packages = page.getByRole('textbox', { name: 'Packages' });
    await packages.fill('tiny-tolls');
    await page.getByText('Did you mean tiny-tools?').first().waitFor();
    await packages.fill('tiny-tools');
    await page.getByText('Did you mean tiny-tools?').first().waitFor({ state: 'detached' });

    await writeCode(
      page,
      'import tiny_tools\nprint("with", tiny_tools.VERSION)\nraise ValueError("no films today")\n',
    );
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Unsaved').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Run', exact: true }).first().click();
    const panel = page.getByRole('tabpanel');
    await panel.getByRole('button', { name: 'Run', exact: true }).click();
    await panel.getByText('Failed').first().waitFor();
    await studio.screenshot('first-visit-failed-in-editor');

    await page.getByRole('link', { name: 'Open the run' }).click();
    await page.waitForURL('**/runs/exec_*');
    const failedRunUrl = page.url();
    await page.getByText('no films today').first().waitFor();
    await page.getByText('with 1.0').first().waitFor();
    await studio.screenshot('first-visit-failed-run');

    await page.getByRole('link', { name: 'Open at line 3' }).click();
    await page.waitForURL(/\/workflows\/wf_.*node=parse.*line=3/);
    await holds(
      page,

      'document.activeElement.closest(".cm-editor")?.querySelector(".cm-activeLine")?.textContent.includes("no films")',
    );
    await writeCode(
      page,
      'result = [{"title": "Jaws", "released": "1975-06-20", "genre": "Horror", "gross": 1, "rating": 8, "row": 1}]\n',
    );
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Unsaved').waitFor({ state: 'detached' });
    expect(new URL(page.url()).pathname).toBe(new URL(editorUrl).pathname);

    // A retry runs the version that failed; the mended one is another run of the workflow.
    await page.goto(failedRunUrl);
    await page.getByRole('button', { name: 'Retry from failure' }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/runs/exec_') && url.href !== failedRunUrl);
    await page.getByText('no films today').first().waitFor();
    await page.getByRole('link', { name: 'Workflows' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Movie report' });
    await row.getByRole('button', { name: /^Run / }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL('**/runs/exec_*');
    await page.locator('.weft-run__title').getByText('Succeeded').waitFor();
    await studio.screenshot('first-visit-mended');
  });
});

/** Instead of all that the code editor of the chosen node holds. */
async function writeCode(page: Page, code: string): Promise<void> {
  await page.locator('.cm-content[data-language="python"]').click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(code);
}
