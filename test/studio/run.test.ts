import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { hasChromium, holds, launchStudioBrowser, type StudioBrowser } from '../support/studio-browser.ts';
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

inBrowser('the page of a run', () => {
  test('a run is watched live to its end in two windows, over one WebSocket each, and nothing is sent after it', async () => {
    const id = await weft.start(await weft.createWorkflow({ name: 'Slow report', ...slow }));
    await using studio = await browser.open(server, { path: `/runs/${id}` });
    const { page } = studio;
    const other = await studio.context.newPage();
    await other.goto(`/runs/${id}`);
    for (const window of [page, other]) {
      await window.getByText('step 3', { exact: true }).waitFor();
      await statusOf(window, 'Running').waitFor();
    }
    await page.getByRole('treeitem', { name: 'count' }).click();
    await page.getByRole('progressbar', { name: 'Progress' }).waitFor();
    for (const window of [page, other]) await statusOf(window, 'Succeeded').waitFor();
    await page.getByRole('tab', { name: 'Output' }).click();
    await page.getByText('films').first().waitFor();
    expect(studio.sockets).toHaveLength(2);

    const requests: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/graphql')) requests.push(request.url());
    });
    await page.getByRole('tab', { name: 'Logs' }).click();
    await page.getByText('step 3', { exact: true }).waitFor();
    expect(requests).toEqual([]);
  });

  test('a failure is shown first: message, code line, a link to it; retry leads to the new run', async () => {
    const id = await finished({ name: 'Failing report', ...failing });
    await using studio = await browser.open(server, { path: `/runs/${id}` });
    const { page } = studio;
    const failure = page.getByRole('region', { name: 'Why it failed' });
    await failure.getByText('KeyError', { exact: true }).waitFor();
    await failure.getByText('return rows["amount"]').first().waitFor();
    const link = failure.getByRole('link', { name: 'Open at line 3' });
    expect(await link.getAttribute('href')).toMatch(/^\/workflows\/wf_[^?]+\?node=sum&line=3$/);
    expect(await studio.accessibilityFaults()).toEqual([]);
    await studio.screenshot('run-failed-light');

    await page.getByRole('button', { name: 'Retry from failure' }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/runs/') && !url.pathname.endsWith(id));
    await page.getByText('Retry of an earlier run').waitFor();
    await page.goBack();
    await failure.getByText('KeyError', { exact: true }).waitFor();
    await page.goForward();
    await page.getByText('Retry of an earlier run').waitFor();
  });

  test('logs are text whatever was printed, and are searched; what is looked at is in the address', async () => {
    const id = await finished({ name: 'Noisy <img src=x onerror=alert(1)>', ...noisy });
    await using studio = await browser.open(server, { path: `/runs/${id}` });
    const { page } = studio;
    await page.getByRole('heading', { name: 'Noisy <img' }).waitFor();
    await page.getByLabel('Search the log').fill('NEEDLE');
    await page.getByText('3', { exact: true }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('1 of 3').waitFor();
    await page.keyboard.press('Shift+Enter');
    await page.getByText('3 of 3').waitFor();
    await page.locator('mark').first().waitFor();
    await page.getByLabel('Search the log').fill('markup');
    await page.keyboard.press('Enter');
    await page.getByText('<script>alert("markup")</script>␀').waitFor();

    await page.getByRole('treeitem', { name: 'print' }).click();
    await page.getByRole('tab', { name: 'Output' }).click();
    await page.waitForURL('**/runs/*?node=print&tab=output');
    await page.getByRole('columnheader', { name: 'title' }).waitFor();
    await page.reload();
    await page.getByRole('columnheader', { name: 'title' }).waitFor();
    await page.getByRole('tab', { name: 'Graph' }).click();
    await page.getByLabel('Graph of the run').waitFor();
    await page.locator('.weft-canvas [data-node-key="input"]').click();
    await page.waitForURL('**/runs/*node=input*');
    await studio.screenshot('run-graph-light');
    expect(await studio.accessibilityFaults()).toEqual([]);
  });

  test('the scrubber shows states, logs and values as they stood, by mouse and by keyboard', async () => {
    const id = await finished({ name: 'Two steps', ...slow });
    await using studio = await browser.open(server, { path: `/runs/${id}`, theme: 'dark' });
    const { page } = studio;
    await statusOf(page, 'Succeeded').waitFor();
    const scrubber = page.getByRole('slider', { name: 'Event' });
    await scrubber.focus();
    await page.keyboard.press('Home');
    await statusOf(page, 'Queued').waitFor();
    await page.getByText('Nothing has begun.').waitFor();
    await page.getByText('step 1').waitFor({ state: 'detached' });
    const box = (await scrubber.boundingBox())!;
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await page.getByText('as it stood then').waitFor();
    await page.getByRole('treeitem', { name: 'count' }).getByText('Running').waitFor();
    await page.getByText('step 1', { exact: true }).waitFor();
    await studio.screenshot('run-scrubbed-dark');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await page.getByRole('button', { name: 'End' }).click();
    await statusOf(page, 'Succeeded').waitFor();
  });

  test('files are shown, violations listed with their lines, and the run is repeated with other input', async () => {
    const id = await finished({ name: 'Charted', ...charted }, { quarter: 1 });
    await using studio = await browser.open(server, { path: `/runs/${id}` });
    const { page } = studio;
    await page.getByRole('tab', { name: 'Files 2' }).click();
    const picture = page.getByRole('img', { name: 'chart.png' });
    await holds(page, 'document.querySelector("img")?.naturalWidth === 1');
    expect(await picture.count()).toBe(1);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download note.txt' }).click();
    expect((await download).suggestedFilename()).toBe('note.txt');
    await page.getByRole('tab', { name: /^Findings \d/ }).click();
    await page.getByText('chart, line 5').first().waitFor();
    await page.getByText('While it ran').first().waitFor();
    await studio.screenshot('run-findings-light');

    await page.getByRole('button', { name: 'Run again' }).click();
    await page.getByRole('menuitem', { name: 'With other input' }).click();
    const quarter = page.getByRole('dialog').getByLabel('Quarter');
    await quarter.waitFor();
    expect(await quarter.inputValue()).toBe('1');
    await quarter.fill('4');
    await page.getByRole('button', { name: 'Run version 1' }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/runs/') && !url.pathname.endsWith(id));
    await page.getByRole('tab', { name: 'Input' }).click();
    await page.locator('.weft-value__row', { hasText: 'quarter' }).getByText('4').waitFor();
  });

  test('an output of megabytes is a tree of what is in sight, and can be downloaded', async () => {
    const id = await finished({ name: 'Large', ...large });
    await using studio = await browser.open(server, { path: `/runs/${id}?node=make&tab=output` });
    const { page } = studio;
    await page.getByText('the first 1,000 are shown; all are in the download').waitFor();
    expect(await page.locator('.weft-value__row').count()).toBeLessThan(80);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download Output' }).click();
    expect((await download).suggestedFilename()).toBe('Output.json');
  });

  test('a run that does not exist is said to be unknown', async () => {
    const path = '/runs/exec_00000000-0000-7000-8000-000000000000';
    await using studio = await browser.open(server, { path });
    await studio.page.getByText('There is no such run').waitFor();
    expect(await studio.accessibilityFaults()).toEqual([]);
  });

  test('is readable at 360 px', async () => {
    const id = await finished({ name: 'Failing on a phone', ...failing });
    await using phone = await browser.open(server, {
      path: `/runs/${id}`,
      viewport: { width: 360, height: 740 },
    });
    await phone.page.getByText('KeyError', { exact: true }).waitFor();
    await phone.screenshot('run-failed-360');
    expect(await phone.page.evaluate('document.querySelector("main").scrollWidth')).toBe(360);
    expect(await phone.accessibilityFaults()).toEqual([]);
  });
});

inBrowser('the list of runs', () => {
  test('is live, filters by the address, and cancels and retries from a row', async () => {
    const workflowId = await weft.createWorkflow({ name: 'Endless', ...endless });
    await using studio = await browser.open(server, { path: `/runs?workflow=${workflowId}` });
    const { page } = studio;
    await page.getByText('No run fits these filters').waitFor();
    const id = await weft.start(workflowId);
    const runs = page.getByRole('region', { name: 'Runs' });
    await runs.getByText('Running').waitFor();
    expect(await studio.accessibilityFaults()).toEqual([]);
    await runs.getByRole('button', { name: 'Cancel the run of Endless' }).click();
    await runs.getByText('Canceled').waitFor();
    await page.getByLabel('Status').selectOption('Active');
    await page.waitForURL(`**/runs?status=active&workflow=${workflowId}`);
    await page.getByText('No run fits these filters').waitFor();
    await page.getByRole('button', { name: 'Clear the filters' }).click();
    await runs.locator(`a[href="/runs/${id}"]`).waitFor();
    await studio.screenshot('run-list-light');
    await runs.locator(`a[href="/runs/${id}"]`).click();
    await page.getByRole('button', { name: 'Retry from failure' }).waitFor();
  });
});

inBrowser('a run whose server is gone for a while', () => {
  test('has a bar that says so, and goes on by itself to its end', async () => {
    const { url: databaseUrl } = opened.use(await createDatabase());
    const first = await startWeft({ databaseUrl });
    const port = new URL(first.url).port;
    await using client = new WeftClient(first.url);
    const id = await client.start(await client.createWorkflow({ name: 'Survivor', ...slow }));
    await using studio = await browser.open(first, {
      path: `/runs/${id}`,
      allow: [/WebSocket|Failed to load|ERR_|not live/],
    });
    const { page } = studio;
    await page.getByText('step 2', { exact: true }).waitFor();
    await first[Symbol.asyncDispose]();
    await page.getByText('The server cannot be reached').waitFor();
    await page.getByText('step 2', { exact: true }).waitFor();

    await using _second = await startWeft({ databaseUrl, env: { PORT: port } });
    await statusOf(page, 'Succeeded').waitFor({ timeout: 60_000 });
    await page.getByText('The server cannot be reached').waitFor({ state: 'detached' });
  });
});

function statusOf(page: Page, status: string) {
  return page.locator('.weft-run__title').getByText(status);
}

/** A workflow's run that has ended; gives its id. */
async function finished(workflow: object, input?: unknown): Promise<string> {
  const id = await weft.start(await weft.createWorkflow(workflow), input);
  await weft.allEvents(id);
  return id;
}

const python = (key: string, code: string) => ({
  nodes: [
    { key: 'input', type: 'input' },
    { key, type: 'python', config: { code } },
  ],
  edges: [{ source: 'input', target: key }],
});

const slow = python(
  'count',
  `import time
for n in range(1, 17):
    print(f"step {n}")
    progress(n, 16, "films")
    time.sleep(0.5)
result = {"films": 16}`,
);

const failing = python(
  'sum',
  `rows = {}
def total(rows):
    return rows["amount"]
result = total(rows)`,
);

const noisy = python(
  'print',
  `for n in range(3000):
    print(f"\\x1b[3{n % 8}mline {n}\\x1b[0m" + (" needle" if n % 1000 == 500 else ""))
print('<script>alert("markup")</script>\\x00')
result = [{"title": f"Film {n}", "rating": n} for n in range(40)]`,
);

const charted = {
  ...python(
    'chart',
    `import base64
save_artifact("chart.png", base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="))
save_artifact("note.txt", "drawn")
try:
    open("/etc/passwd", chr(119))
except Exception:
    pass
result = input_data`,
  ),
  inputSchema: { type: 'object', properties: { quarter: { type: 'integer', title: 'Quarter', default: 1 } } },
};

const large = python('make', `result = {"rows": ["x" * 100] * 60_000}`);

const endless = python('sleep', 'import time\ntime.sleep(25)');
