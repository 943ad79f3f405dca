import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasChromium, launchStudioBrowser, type StudioBrowser } from '../support/studio-browser.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = hasChromium ? describe : describe.skip;

inBrowser('secrets in the console', () => {
  const opened = new AsyncDisposableStack();
  let browser: StudioBrowser;
  let server: WeftServer;
  let weft: WeftClient;
  beforeAll(async () => {
    const databaseUrl = opened.use(await createDatabase()).url;
    const env = { WEFT_SECRETS_KEY: Buffer.alloc(32, 3).toString('base64') };
    server = opened.use(await startWeft({ databaseUrl, env }));
    weft = opened.use(new WeftClient(server.url));
    browser = opened.use(await launchStudioBrowser());
  });
  afterAll(async () => await opened.disposeAsync());

  test('one is set, seen with who uses it, replaced and deleted, and its value is nowhere on the page', async () => {
    const config = { code: 'result = secrets.API_KEY', secrets: ['API_KEY'] };
    await weft.createWorkflow({ name: 'Uses a key', nodes: [{ key: 'py', type: 'python', config }] });
    await using studio = await browser.open(server, { path: '/access?tab=secrets' });
    const { page } = studio;
    await page.getByText('No secrets yet').waitFor();
    await page.getByRole('button', { name: 'New secret' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('api_key');
    await dialog.getByLabel('Value').fill('abc');
    await dialog.getByRole('button', { name: 'Set' }).click();
    await dialog.getByText('at least 4 characters').waitFor();
    await dialog.getByLabel('Value').fill('shown to nobody');
    await dialog.getByRole('button', { name: 'Set' }).click();
    const row = page.getByRole('row').filter({ hasText: 'API_KEY' });
    await row.getByRole('link', { name: 'Uses a key' }).waitFor();
    await row.getByText('never').waitFor();
    await row.getByRole('button', { name: 'Replace API_KEY' }).click();
    expect(await dialog.getByLabel('Value').inputValue()).toBe('');
    await dialog.getByLabel('Value').fill('another that is shown to nobody');
    await dialog.getByRole('button', { name: 'Replace' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain('shown to nobody');
    await row.getByRole('button', { name: 'Delete API_KEY' }).click();
    await dialog.getByText('Uses a key').waitFor();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('No secrets yet').waitFor();
  });
});
