import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasChromium, launchStudioBrowser, type StudioBrowser } from '../support/studio-browser.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const opened = new AsyncDisposableStack();
let server: WeftServer;
let weft: WeftClient;
let browser: StudioBrowser;
beforeAll(async () => {
  const { url: databaseUrl } = opened.use(await createDatabase());
  server = opened.use(await startWeft({ databaseUrl }));
  weft = opened.use(new WeftClient(server.url));
  if (hasChromium) browser = opened.use(await launchStudioBrowser());
});
afterAll(async () => await opened.disposeAsync());

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = hasChromium ? describe : describe.skip;

const nodes = [{ key: 'wait', type: 'delay', config: { durationMs: 3_600_000 } }];

inBrowser('limits in the console', () => {
  test('the editor sets them, and says what is wrong with them', async () => {
    const id = await weft.createWorkflow({ name: 'Limited', nodes });
    await using studio = await browser.open(server, { path: `/workflows/${id}` });
    const { page } = studio;
    await page.getByLabel('Runs at once').fill('0');
    await page.getByText('Expected concurrency.max to be an integer').first().waitFor();
    await page.getByLabel('Runs at once').fill('2');
    await page.getByLabel('Counted by').fill('input.customerId');
    await page.getByLabel('When so many run').selectOption('REPLACE');
    await page.getByLabel('Priority').fill('4');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await page.getByRole('button', { name: /^Save/ }).click();
    await page
      .getByText(/version 2/i)
      .first()
      .waitFor();
    const { workflow } = await weft.query<{ workflow: { latestVersion: object } }>(
      'query ($id: ID!) { workflow(id: $id) { latestVersion { concurrency { max key whenFull } rate { max } priority } } }',
      { id },
    );
    expect(workflow.latestVersion).toEqual({
      concurrency: { max: 2, key: 'input.customerId', whenFull: 'REPLACE' },
      rate: null,
      priority: 4,
    });
  });

  test('all runs that the filters show are cancelled, after their number was confirmed', async () => {
    const workflowId = await weft.createWorkflow({ name: 'Many', nodes });
    for (let n = 0; n < 3; n += 1) await weft.start(workflowId);
    await using studio = await browser.open(server, { path: `/runs?status=active&workflow=${workflowId}` });
    const { page } = studio;
    await page.getByRole('button', { name: 'Cancel all …' }).click();
    const dialog = page.getByRole('dialog', { name: 'Cancel all of these runs' });
    await dialog.getByRole('button', { name: 'Cancel 3 runs' }).waitFor();
    expect(await studio.accessibilityFaults()).toEqual([]);
    await dialog.getByRole('button', { name: 'Cancel 3 runs' }).click();
    await dialog.getByText('3 runs cancelled').waitFor();
    await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
  });

  test('a run that waits for a limit says for which, its place, and moves up live', async () => {
    const concurrency = { max: 1, key: 'input.key' };
    const workflowId = await weft.createWorkflow({ name: 'Queued', nodes, concurrency });
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push(await weft.start(workflowId, { key: 'acme' }));
    await using studio = await browser.open(server, { path: `/runs/${ids[2]}` });
    const { page } = studio;
    await page.getByText(/Waits for a slot of its limit of acme, place 2/).waitFor();
    await studio.follows('ExecutionSummaryUpdates');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await weft.cancel(ids[0]!);
    await page.getByText(/Waits for a slot of its limit of acme, place 1/).waitFor();
    await weft.cancel(ids[1]!);
    await page.getByText(/place 1/).waitFor({ state: 'detached' });
    await weft.cancel(ids[2]!);
  });

  test('runs are found by their labels, which the editor sets, and by words of their error', async () => {
    const fails = [{ key: 'fails', type: 'fail', config: { code: 'NO', message: 'Out of lemons' } }];
    const id = await weft.createWorkflow({ name: 'Labelled', nodes: fails });
    await using studio = await browser.open(server, { path: `/workflows/${id}` });
    const { page } = studio;
    await page.getByLabel('Labels').fill('{ "customer": input.customer }');
    await page.getByRole('button', { name: /^Save/ }).click();
    await page
      .getByText(/version 2/i)
      .first()
      .waitFor();
    const run = await weft.start(id, { customer: 'acme' });
    await weft.allEvents(run);
    await weft.allEvents(await weft.start(id, { customer: 'other' }));
    await page.goto(`/runs/${run}`);
    await page.getByRole('link', { name: 'customer=acme' }).click();
    await page.waitForURL('**/runs?labels=customer%3Dacme');
    const rows = page.getByRole('listitem').filter({ hasText: 'Labelled' });
    await rows.first().waitFor();
    expect(await rows.count()).toBe(1);
    expect(await studio.accessibilityFaults()).toEqual([]);
    await studio.screenshot('runs-labels');
    await page.getByLabel('Labels').fill('');
    await page.getByLabel('Words of the error').fill('lemons');
    await rows.nth(1).waitFor();
    await page.getByLabel('Words of the error').fill('oranges');
    await page.getByText('No run fits these filters').waitFor();
  });
});
