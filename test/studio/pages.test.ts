import { readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Locator } from 'playwright-core';
import {
  hasChromium,
  launchStudioBrowser,
  type Studio,
  type StudioBrowser,
} from '../support/studio-browser.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { openTestIndex, type TestIndex } from '../support/test-index.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { findTestUv } from '../support/test-uv.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = hasChromium ? describe : describe.skip;

inBrowser('the pages around runs', () => {
  const opened = new AsyncDisposableStack();
  let index: TestIndex;
  let server: WeftServer;
  let weft: WeftClient;
  let browser: StudioBrowser;
  let folder: string;
  beforeAll(async () => {
    index = opened.use(await openTestIndex({ name: 'tiny-base', version: '1.0' }));
    const uvPath = await findTestUv();
    const { url: databaseUrl } = opened.use(await createDatabase());
    const env = {
      PATH: [...(uvPath === undefined ? [] : [dirname(uvPath)]), process.env.PATH].join(delimiter),
      PYTHON_INDEX_URL: index.url,
      UV_HTTP_RETRIES: '0',
      WEFT_ALERT_VIOLATIONS: '3',
    };
    server = opened.use(await startWeft({ databaseUrl, env }));
    weft = opened.use(new WeftClient(server.url));
    browser = opened.use(await launchStudioBrowser());
    folder = opened.use(await makeTempFolder()).path;
  });
  afterAll(async () => await opened.disposeAsync());

  /** As a person sees it: in light, and in dark on a phone; axe looks too. */
  async function lookAt(name: string, path: string, shows: string): Promise<void> {
    await using studio = await browser.open(server, { path });
    await check(studio, `${name}-light`, shows);
    const viewport = { width: 360, height: 740 };
    await using phone = await browser.open(server, { path, theme: 'dark', viewport });
    await check(phone, `${name}-360-dark`, shows);
    expect(await phone.page.evaluate('document.querySelector("main").scrollWidth')).toBe(360);
  }

  async function check(studio: Studio, name: string, shows: string): Promise<void> {
    await studio.page.getByText(shows).filter({ visible: true }).first().waitFor();
    await studio.screenshot(name);
    expect(await studio.accessibilityFaults()).toEqual([]);
  }

  test('whoever comes first has a run to watch in two clicks, and finds the workflow in the list, whose Run leads there too', async () => {
    await lookAt('workflows-empty', '/workflows', 'Movie report');
    await using studio = await browser.open(server);
    const { page } = studio;
    await page.getByText('The first run installs pandas and matplotlib.').waitFor();
    await page.getByRole('button', { name: 'Run Movie report' }).click();
    await page.waitForURL('**/runs/exec_*');
    const firstRun = page.url();
    await page.getByRole('link', { name: 'Workflows' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Movie report' });
    await row.getByText('Succeeded').waitFor();
    await row.getByRole('button', { name: 'Run Movie report' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/runs/exec_') && url.href !== firstRun);
    await page.locator('.weft-run__title').getByText('Succeeded').waitFor();
  });

  test('a new workflow comes from a template, from a file, or blank; a wrong file says what is wrong', async () => {
    await using studio = await browser.open(server);
    const { page } = studio;
    const choose = async (way: string) => {
      await page.getByRole('button', { name: 'New workflow' }).click();
      await page.getByRole('menuitem', { name: way }).click();
    };
    const importFile = async (name: string, text: string) => {
      await writeFile(join(folder, name), text);
      const chooser = page.waitForEvent('filechooser');
      await choose('Import a file');
      await (await chooser).setFiles(join(folder, name));
    };
    await page.getByText('Movie report').waitFor();
    await choose('From a template');
    await page.getByRole('dialog').getByText('Reads films').waitFor();
    await studio.screenshot('workflows-templates-light');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await page.keyboard.press('Escape');

    await importFile('broken.json', '{');
    await page.getByText('Expected JSON in broken.json').waitFor();
    await page.getByRole('button', { name: 'Close' }).first().click();
    const wrong = {
      name: 'Wrong',
      nodes: [
        { key: 'a', type: 'python', config: { code: 'x' } },
        { key: 'a', type: 'input' },
      ],
    };
    await importFile('wrong.json', JSON.stringify(wrong));
    await page.getByText('nodes.1.key').waitFor();
    await page.getByRole('button', { name: 'Close' }).first().click();
    await importFile(
      'right.json',
      JSON.stringify({ workflow: { nodes: [{ key: 'a', type: 'input' }], edges: [] } }),
    );
    await page.waitForURL('**/workflows/wf_*');
    await page.goBack();
    await page.getByRole('link', { name: 'right' }).waitFor();

    await choose('Blank');
    await page.waitForURL('**/workflows/wf_*');
    await page.goBack();
    await page.getByRole('link', { name: 'Untitled workflow' }).waitFor();
  });

  test('a file is chosen for an input, and those of the output are downloaded', async () => {
    const inputSchema = {
      type: 'object',
      properties: { report: { type: 'object', format: 'file', title: 'Report' } },
      required: ['report'],
    };
    const code =
      'result = [open_artifact(input_data["report"]).read().decode(), save_artifact("out.txt", "made of it")]';
    const nodes = [
      { key: 'in', type: 'input' },
      { key: 'read', type: 'python', config: { code } },
      { key: 'out', type: 'output' },
    ];
    const edges = [
      { source: 'in', target: 'read' },
      { source: 'read', target: 'out' },
    ];
    await weft.createWorkflow({ name: 'Reads files', nodes, edges, inputSchema });
    await using studio = await browser.open(server, { path: '/workflows?q=reads' });
    const { page } = studio;
    await page.getByRole('button', { name: 'Run Reads files' }).click();
    const dialog = page.getByRole('dialog');
    const file = (name: string, text: string) => ({
      name,
      mimeType: 'text/plain',
      buffer: Buffer.from(text),
    });
    await dialog.getByRole('button', { name: 'Choose a file' }).waitFor();
    await dialog.locator('input[type=file]').setInputFiles(file('first.csv', 'first'));
    await dialog.getByRole('button', { name: 'first.csv' }).waitFor();
    expect(await studio.accessibilityFaults()).toEqual([]);
    await dialog.getByRole('button', { name: 'Edit as JSON' }).click();
    await dialog.locator('input[type=file]').setInputFiles(file('other.txt', 'other'));
    await dialog.getByRole('button', { name: 'other.txt' }).waitFor();
    expect(JSON.parse(await dialog.getByRole('textbox', { name: 'Input' }).inputValue())).toEqual({
      report: {
        $file: expect.stringMatching(/^art_/),
        name: 'first.csv',
        mimeType: 'text/csv',
        sizeBytes: 5,
      },
      file: {
        $file: expect.stringMatching(/^art_/),
        name: 'other.txt',
        mimeType: 'text/plain',
        sizeBytes: 5,
      },
    });
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL('**/runs/exec_*');
    await page.getByRole('tab', { name: 'Output' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /^out\.txt/ }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('out.txt');
    expect(await readFile(await download.path(), 'utf8')).toBe('made of it');
  });

  test('a run wants its input where there is a schema, and a workflow is deleted after a question', async () => {
    const inputSchema = {
      type: 'object',
      properties: { quarter: { type: 'integer', default: 3 } },
      required: ['quarter'],
    };
    await weft.createWorkflow({ name: 'Quarterly', nodes: [{ key: 'in', type: 'input' }], inputSchema });
    await using studio = await browser.open(server, { path: '/workflows?q=quarterly' });
    const { page } = studio;
    await page.getByRole('button', { name: 'Run Quarterly' }).click();
    const dialog = page.getByRole('dialog');
    const quarter = dialog.getByLabel('quarter');
    expect(await quarter.inputValue()).toBe('3');
    await studio.screenshot('workflows-input-light');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await dialog.getByRole('button', { name: 'Edit as JSON' }).click();
    const json = dialog.getByRole('textbox', { name: 'Input' });
    expect(JSON.parse(await json.inputValue())).toEqual({ quarter: 3 });
    await json.fill('{ "quarter": ');
    await dialog.getByRole('button', { name: 'Run', exact: true, disabled: true }).waitFor();
    await json.fill('{ "quarter": "third" }');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await dialog.getByText('must be an integer').waitFor();
    await dialog.getByRole('button', { name: 'Edit in a form' }).click();
    await dialog.getByText('must be an integer').waitFor();
    await quarter.fill('2');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL('**/runs/exec_*');
    await page.goto('/workflows?q=quarterly');
    await page.getByRole('row').getByText('Succeeded').waitFor();

    const openDelete = async () => {
      await page.getByRole('button', { name: 'More for Quarterly' }).click();
      await page.getByRole('menuitem', { name: 'Delete' }).click();
    };
    await openDelete();
    await page.getByRole('button', { name: 'Keep it' }).click();
    await openDelete();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('No workflow is called').waitFor();
  });

  test('what is missing in an input, or wrong, is said at its field by its title, and not once it is put right', async () => {
    const inputSchema = {
      type: 'object',
      required: ['customer', 'address'],
      properties: {
        customer: { type: 'string', title: 'Customer' },
        count: { type: 'integer', title: 'How many', minimum: 1 },
        address: {
          type: 'object',
          required: ['city'],
          properties: { city: { type: 'string', title: 'City' } },
        },
        rows: {
          type: 'array',
          items: { type: 'object', required: ['price'], properties: { price: { type: 'number' } } },
        },
      },
      minProperties: 3,
    };
    await weft.createWorkflow({ name: 'Asks much', nodes: [{ key: 'in', type: 'input' }], inputSchema });
    await using studio = await browser.open(server, { path: '/workflows?q=asks' });
    const { page } = studio;
    await page.getByRole('button', { name: 'Run Asks much' }).click();
    const dialog = page.getByRole('dialog');
    const customer = dialog.getByRole('textbox', { name: 'Customer' });
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    const run = dialog.getByRole('button', { name: 'Run', exact: true });
    await run.click();
    await dialog.getByText('Customer is needed.').waitFor();
    expect(await saidAt(customer)).toBe('Error: Customer is needed.');
    await customer.and(page.locator(':focus')).waitFor();
    expect(await saidAt(dialog.getByRole('textbox', { name: 'City' }))).toBe('Error: City is needed.');
    expect(await saidAt(dialog.getByLabel('price'))).toBe('Error: rows.0.price is needed.');
    await dialog.getByText('The input must have at least 3 properties').waitFor();
    expect(await dialog.getByText('Customer is needed.').count()).toBe(1);
    await studio.screenshot('workflows-input-faults-light');
    expect(await studio.accessibilityFaults()).toEqual([]);

    await customer.fill('Ada');
    await dialog.getByText('Customer is needed.').waitFor({ state: 'detached' });
    await dialog.getByLabel('How many').fill('0');
    await run.click();
    await dialog.getByText('How many must be at least 1, got 0.').waitFor();
    await dialog.getByRole('button', { name: 'Edit as JSON' }).click();
    await dialog.getByText('address.city').waitFor();
  });

  test('packages that are being installed are said on the row of their node, on its panel and in the log', async () => {
    const id = await weft.createWorkflow({
      name: 'Needs packages',
      nodes: [
        {
          key: 'use',
          type: 'python',
          name: 'Use them',
          config: { code: 'print("here")', packages: ['tiny-base', 'tiny-late'] },
        },
      ],
    });
    index.behave('hang');
    const waiting = await weft.start(id);
    await using studio = await browser.open(server, { path: `/runs/${waiting}` });
    const { page } = studio;
    const text = 'Installing tiny-base, tiny-late …';
    await page.getByRole('treeitem', { name: 'Use them' }).getByText(text).waitFor();
    await page.getByRole('region', { name: 'All nodes' }).getByText(`Use them: ${text}`).waitFor();
    await page.getByRole('log').getByText('Choosing the versions of tiny-base, tiny-late …').waitFor();
    await page.getByRole('list', { name: 'Legend' }).getByText('Installing').waitFor();
    await studio.screenshot('run-installing-light');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await page.getByRole('treeitem', { name: 'Use them' }).click();
    await page.getByRole('region', { name: 'Use them' }).getByText(text, { exact: true }).waitFor();
    await weft.cancel(waiting, 'FORCE');
    await page.getByText('Canceled').first().waitFor();
    await page.getByText(text).first().waitFor({ state: 'detached' });
    index.behave('well');
  });

  test('thousands of workflows come page by page as one scrolls, and few are drawn', async () => {
    for (let number = 0; number < 320; number++)
      await weft.createWorkflow({ name: `Bulk ${number}.`, nodes: [{ key: 'a', type: 'input' }] });
    await using studio = await browser.open(server, { path: '/workflows?q=bulk' });
    const { page } = studio;
    await page.getByText('Bulk 319.').waitFor();
    const table = page.getByRole('table');
    for (const rows of [101, 151, 201, 251, 301, 321]) {
      await page.evaluate('document.querySelector("main").scrollTo(0, 1e9)');
      await table.and(page.locator(`[aria-rowcount="${rows}"]`)).waitFor();
    }
    await page.evaluate('document.querySelector("main").scrollTo(0, 1e9)');
    await page.getByText('Bulk 0.').waitFor();
    expect(await page.getByRole('row').count()).toBeLessThan(80);
    await page.evaluate('document.querySelector("main").scrollTo(0, 0)');
    await page.getByText('Bulk 319.').waitFor();
  });

  test('an environment is prepared live, used, and deleted; what cannot be installed says why', async () => {
    await lookAt('environments-empty', '/environments', 'No environments yet');
    await using studio = await browser.open(server, { path: '/environments' });
    const { page } = studio;
    const prepare = async (packages: string) => {
      await page.getByRole('button', { name: 'Prepare', exact: true }).first().click();
      await page.getByLabel('Packages').fill(packages);
      await page.getByRole('dialog').getByRole('button', { name: 'Prepare' }).click();
    };
    index.behave('hang');
    await prepare('absent==9');
    await page.getByText('Choosing the versions').waitFor();
    await studio.screenshot('environments-preparing-light');
    // Another window, or one that comes later, joins the build.
    await using other = await browser.open(server, { path: '/environments' });
    await other.page.getByText('Preparing absent==9').waitFor();
    index.behave('well');

    await prepare('tiny-base');
    await page.getByText('tiny-base can be used').waitFor();
    const row = page.getByRole('row').filter({ hasText: 'tiny-base' });
    await row.getByText('Ready').waitFor();
    await row.getByText('1 package').click();
    await row.getByText('1.0', { exact: true }).waitFor();

    await prepare('not a requirement');
    await page.getByText('not a requirement could not be prepared').waitFor();
    await lookAt('environments', '/environments', 'tiny-base');

    await row.getByRole('button', { name: 'Delete tiny-base' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('Deleted the environment.').waitFor();
    await row.waitFor({ state: 'detached' });
  });

  test('the security page explains the walls, then shows what they stop as it happens, narrowed as one likes', async () => {
    await lookAt('security-empty', '/security', 'Nothing has been refused');
    const workflowOf = (name: string, code: string) =>
      weft.createWorkflow({ name, nodes: [{ key: 'probe', type: 'python', config: { code } }] });
    const static_ = await workflowOf('Reads too much', 'x = 1\nimport subprocess');
    const runtime = await workflowOf('Writes too much', 'mode = "w"\nopen("/etc/passwd", mode)');

    await using studio = await browser.open(server, { path: '/security' });
    const { page } = studio;
    await page.getByText('Nothing has been refused').waitFor();
    await studio.follows('SecurityViolationAdded');
    await weft.allEvents(await weft.start(static_));
    const rows = page.getByRole('row').filter({ hasText: 'probe' });
    await rows.getByText('probe, line 2').filter({ visible: true }).first().waitFor();
    for (let n = 0; n < 3; n++) await weft.allEvents(await weft.start(runtime));
    await page.getByText('3 violations within').waitFor();
    await rows.nth(3).waitFor();
    expect(await rows.count()).toBe(4);
    await lookAt('security', '/security', 'Reads too much');

    await page.getByLabel('Workflow').selectOption({ label: 'Reads too much' });
    await page.waitForURL(`**/security?workflow=${static_}`);
    await page.getByRole('row').filter({ hasText: 'Writes too much' }).first().waitFor({ state: 'detached' });
    expect(await rows.count()).toBe(1);
    await page.reload();
    await rows.getByText('probe, line 2').filter({ visible: true }).first().waitFor();
    await page.getByLabel('Severity').selectOption({ label: 'Medium and high' });
    await rows.first().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Clear the filters' }).click();
    await page.getByLabel('Workflow').selectOption({ label: 'Reads too much' });
    await page.getByLabel('Wall').selectOption({ label: 'By the kernel' });
    await page.getByRole('button', { name: 'Clear the filters' }).click();
    await page.getByLabel('Time').selectOption({ label: 'Last hour' });
    await rows.nth(3).waitFor();

    await rows.getByRole('link', { name: 'probe, line 2' }).filter({ visible: true }).first().click();
    await page.waitForURL('**/runs/exec_*?node=probe');
  });

  test('what changes between the reading of a list and its stream is in the list', async () => {
    const workflowId = await weft.createWorkflow({
      name: 'Between',
      nodes: [{ key: 'wait', type: 'delay', config: { durationMs: 3_600_000 } }],
    });
    const id = await weft.start(workflowId, null);
    await using studio = await browser.open(server, { path: '/server' });
    const { page } = studio;
    const changed = Promise.withResolvers<void>();
    await page.routeWebSocket('**/graphql', (socket) => {
      const toServer = socket.connectToServer();
      socket.onMessage(async (message) => {
        await changed.promise;
        toServer.send(message);
      });
    });
    await page.goto('/runs');
    const shown = (status: string) =>
      page.locator('main').getByText(status, { exact: true }).filter({ visible: true }).waitFor();
    await shown('Waiting');
    await weft.cancel(id, 'FORCE');
    for await (const _ of weft.events(id));
    changed.resolve();
    await shown('Canceled');
  });

  test('the server page says what this server is and which walls hold', async () => {
    await lookAt('server', '/server', 'Walls around each run');
  });
});

/** What a control is described by, as what reads screens says it. */
async function saidAt(control: Locator): Promise<string> {
  expect(await control.getAttribute('aria-invalid')).toBe('true');
  const ids = (await control.getAttribute('aria-describedby'))!.split(' ');
  const texts = ids.map((id) => control.page().locator(`[id="${id}"]`).textContent());
  return (await Promise.all(texts)).join(' ');
}
