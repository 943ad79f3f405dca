import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeCaller } from '../support/api-caller.ts';
import { hasChromium, launchStudioBrowser, type StudioBrowser } from '../support/studio-browser.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { upsert } from '../support/their-rows.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = hasChromium ? describe : describe.skip;
const OUT = { nodes: [{ key: 'out', type: 'output' }], edges: [] };

inBrowser('projects in the console', () => {
  const opened = new AsyncDisposableStack();
  let server: WeftServer;
  let browser: StudioBrowser;
  beforeAll(async () => {
    const databaseUrl = opened.use(await createDatabase()).url;
    server = opened.use(await startWeft({ databaseUrl }));
    browser = opened.use(await launchStudioBrowser());
    await upsert(makeCaller(server.url), 'plain', { name: 'Of everybody', ...OUT });
  });
  afterAll(async () => await opened.disposeAsync());

  test('are met by nobody who has one, are made on the page Access, and are chosen above the pages', async () => {
    await using studio = await browser.open(server, {
      path: '/access?tab=projects',
      allow: [/400/, /WebSocket/],
    });
    const { page } = studio;
    const chooser = (name: string) => page.getByRole('button', { name, exact: true });
    const row = (name: string) => page.getByRole('row').filter({ hasText: name });
    await row('Default').waitFor();
    expect(await chooser('Default').count()).toBe(0);

    await page.getByRole('button', { name: 'New project' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Key').fill('No Key');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByText('Expected a key of 1 to 64').waitFor();
    await dialog.getByLabel('Key').fill('acme');
    await dialog.getByLabel('Name').fill('Acme Corp.');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await row('Acme Corp.').waitFor();
    await page.getByRole('button', { name: 'Change Acme Corp.' }).click();
    await dialog.getByLabel('Cost of operations a minute').fill('6000');
    await dialog.getByLabel('Runs at once').fill('20');
    await dialog.getByLabel('Storage, in MB').fill('2.5');
    await dialog.getByLabel('Python packages').selectOption('some');
    await dialog.getByLabel('Only these packages').fill('pandas, no such');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await row('Acme Corp.').getByText('6000 a minute, 20 runs at once, no pandas such').waitFor();
    const acme = makeCaller(server.url, undefined, 'acme');
    expect((await acme.upload('a.bin', 'x'.repeat(1_500_000))).status).toBe(201);
    await page.reload();
    await row('Acme Corp.').getByText('1.5 MB of 2.5 MB').waitFor();
    await page.getByRole('button', { name: 'Change Acme Corp.' }).click();
    expect(await dialog.getByLabel('Storage, in MB').inputValue()).toBe('2.5');
    await dialog.getByLabel('Only these packages').fill('pandas>2');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('Expected the name of a package').waitFor();
    await dialog.getByLabel('Python packages').selectOption('all');
    await dialog.getByLabel('Runs at once').fill('');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await row('Acme Corp.').getByText('6000 a minute', { exact: true }).waitFor();
    await studio.screenshot('projects');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await upsert(acme, 'plain', { name: 'Of Acme', ...OUT });

    await chooser('Default').click();
    await page.getByRole('menuitemradio', { name: 'Acme Corp. (acme)' }).click();
    await page.waitForURL('**/workflows');
    await row('Of Acme').waitFor();
    expect(await row('Of everybody').count()).toBe(0);
    await page.getByRole('button', { name: 'Run Of Acme' }).click();
    await page.waitForURL('**/runs/exec_*');
    await page.getByText('Succeeded').first().waitFor();
    await page.reload();
    await page.getByText('Succeeded').first().waitFor();

    await page.goto('/access');
    await page.getByRole('button', { name: 'New token' }).first().click();
    await dialog.getByLabel('Name').fill('Of both');
    await dialog.getByLabel('Project').selectOption({ label: 'All, one with each request' });
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByRole('button', { name: 'I have kept it' }).click();
    await row('Of both').getByText('In all projects').waitFor();
    await page.getByRole('button', { name: 'New token' }).first().click();
    await dialog.getByLabel('Name').fill('Of one');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByRole('button', { name: 'I have kept it' }).click();
    const { data } = await makeCaller(server.url, undefined, 'acme').send(
      '{ tokens { nodes { name project } } }',
    );
    expect(data.tokens.nodes).toEqual([
      { name: 'Of one', project: 'acme' },
      { name: 'Of both', project: null },
    ]);
  });
});
