import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually.ts';
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
    const workflowId = await weft.createWorkflow({ name: 'Slow report', ...slow });
    await using studio = await browser.open(server, { path: '/runs' });
    const { page } = studio;
    const other = await studio.context.newPage();
    await other.goto('/runs');
    // Both windows are open before it begins: it takes eight seconds, and so may the console until it is loaded.
    for (const window of [page, other])
      await window.getByRole('heading', { name: 'Runs', level: 1 }).waitFor();
    const id = await weft.start(workflowId);
    for (const window of [page, other]) await window.evaluate(`history.pushState(null, '', '/runs/${id}')`);
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
    await page
      .getByRole('status')
      .filter({ hasText: /^[1-9]/ })
      .first()
      .waitFor();
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
    await page.getByRole('button', { name: 'End' }).waitFor(); // all of it is read: half of it is half of all
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

    await page.waitForURL(/[?&]at=\d+$/);
    await page.reload();
    await page.getByText('as it stood then').waitFor();
    await page.getByRole('treeitem', { name: 'count' }).getByText('Running').waitFor();
    const at = new URL(page.url()).searchParams.get('at');
    await eventually(`the scrubber is at ${at}`, async () => (await scrubber.inputValue()) === at);
    await page.getByRole('button', { name: 'End' }).click();
    await statusOf(page, 'Succeeded').waitFor();
    await page.waitForURL((url) => !url.searchParams.has('at'));
  });

  test('the timeline: no text on another, round times, marks that are explained, and names as in graph and log', async () => {
    const id = await finished({ name: 'Orders', ...handled }, [1, 2, 3]);
    await using studio = await browser.open(server, { path: `/runs/${id}` });
    const { page } = studio;
    const rows = page.getByRole('tree', { name: 'Timeline' });
    await rows.getByText('3 / 3 · 1 failed').waitFor();
    // The names come with the version, the end with the last event: by then nothing is drawn anew any more.
    await rows.getByText('Once more', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'End' }).waitFor();
    expect(await page.evaluate(overlaps)).toEqual([]);
    const times = await page.locator('.weft-timeline__tick').allTextContents();
    expect(times.length).toBeGreaterThan(2);
    for (const time of times) expect(time).toMatch(/^0$|^[1-9]0{0,2} ms$|^[1-9]50 ms$|^[\d.]+ s$/);
    const legend = page.getByRole('list', { name: 'Legend' });
    await legend.getByText('Critical path').waitFor();
    await legend.getByText('Nothing ran').waitFor();
    expect(await studio.accessibilityFaults()).toEqual([]);

    const named = await rows.locator('.weft-timeline__label').allTextContents();
    expect(named).toEqual(['orders', 'Check each order', 'Sum up', 'explain', 'Once more', 'end']);
    expect(new Set(await page.locator('.weft-log__label').allTextContents())).toEqual(
      new Set(['Check each order [0]', 'Check each order [1]', 'explain']),
    );
    expect(await page.evaluate(textStarts)).toHaveLength(1);
    await page.getByRole('tab', { name: 'Graph' }).click();
    // Those out of sight are not drawn, as some are before the graph is fitted into its frame.
    await page
      .locator('.weft-node__label')
      .nth(named.length - 1)
      .waitFor();
    expect((await page.locator('.weft-node__label').allTextContents()).sort()).toEqual(named.sort());
    const border = () => page.evaluate<string>(borderOf('check'));
    const before = await border();
    await page.locator('.weft-canvas [data-node-key="check"]').hover();
    expect(before).not.toBe(await page.evaluate(borderOf('explain')));
    expect(await border()).toBe(before);
  });

  test('a node whose failure was handled shows it when it is chosen, and an item shows its own', async () => {
    const id = await finished({ name: 'Handled', ...handled }, [1, 2, 3]);
    await using studio = await browser.open(server, { path: `/runs/${id}` });
    const { page } = studio;
    await statusOf(page, 'Succeeded').waitFor();
    expect(await page.getByRole('region', { name: /Why/ }).count()).toBe(0);
    await page.getByRole('treeitem', { name: 'Check each order' }).click();
    const failure = page.getByRole('region', { name: 'Why Check each order failed' });
    await failure.getByText('ValueError', { exact: true }).waitFor();
    await failure.getByText('handled: the run went on along the error handle').waitFor();
    await failure.getByRole('link', { name: 'Open at line 4' }).waitFor();
    await studio.screenshot('run-handled-light');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await page.getByRole('button', { name: 'Show the items of Check each order' }).click();
    await page.getByRole('treeitem', { name: '[2]' }).click();
    await page.getByRole('region', { name: 'Why Check each order [2] failed' }).waitFor();
    await page.getByRole('treeitem', { name: 'explain' }).click();
    await page.getByRole('region', { name: /^Why/ }).waitFor({ state: 'detached' });
  });

  test('code that was refused is to be edited first, on the page of its run and in the list', async () => {
    const workflowId = await weft.createWorkflow({ name: 'Nosy', ...nosy });
    const id = await weft.start(workflowId);
    await weft.allEvents(id);
    await using studio = await browser.open(server, { path: `/runs/${id}` });
    const { page } = studio;
    const edit = page.getByRole('link', { name: 'Edit the code' });
    await edit.waitFor();
    const primary = await page.locator('.weft-run__actions .weft-button--primary').allTextContents();
    expect(primary).toEqual(['Edit the code']);
    await page.getByRole('button', { name: 'Retry from failure' }).waitFor();
    expect(await edit.getAttribute('href')).toBe(`/workflows/${workflowId}?node=look&line=1`);
    await page.goto(`/runs?workflow=${workflowId}`);
    await page.getByRole('link', { name: 'Edit Nosy, whose code was refused' }).click();
    await page.waitForURL(`**/workflows/${workflowId}?node=look`);
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
    await page.locator('.weft-value__row', { hasText: 'quarter' }).getByText('4', { exact: true }).waitFor();
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
    await studio.follows('ExecutionSummaryUpdates');
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
    await studio.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await runs.getByText(`…${id.slice(-8)}`).waitFor();
    // It says so for a second and a half: who looks at times only, on a busy machine, may come too late.
    await page.evaluate(
      `new MutationObserver((_, observer) => {
        if (document.querySelector('[aria-label="Copied"]') === null) return;
        window.saidCopied = true;
        observer.disconnect();
      }).observe(document.body, { subtree: true, childList: true, attributes: true })`,
    );
    await runs.getByRole('button', { name: 'Copy the id of the run of Endless' }).click();
    await holds(page, 'window.saidCopied === true');
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(id);
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

/** Pairs of texts and bars of the timeline that cover each other. */
const overlaps = `(() => {
  const boxOf = (element) => {
    const text = new Range();
    text.selectNodeContents(element);
    return (element.textContent === '' ? element : text).getBoundingClientRect();
  };
  const parts = [...document.querySelectorAll(
    '.weft-timeline__label, .weft-timeline__counts, .weft-timeline__took, .weft-timeline__bar, .weft-timeline__tick, .weft-timeline__fold',
  )].map((element) => [element.className + ' ' + element.textContent, boxOf(element)]);
  const cover = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return parts.flatMap(([name, a], index) =>
    parts.slice(index + 1).filter(([, b]) => cover(a, b)).map(([other]) => name + ' / ' + other));
})()`;

const borderOf = (key: string) =>
  `getComputedStyle(document.querySelector('.weft-canvas [data-node-key="${key}"]')).boxShadow`;

/** The places, from the left, where the texts of the log begin. */
const textStarts = `[...new Set(
  [...document.querySelectorAll('.weft-log__text')].map((text) => Math.round(text.getBoundingClientRect().left)),
)]`;

/** A workflow's run that has ended; gives its id. */
async function finished(workflow: object, input?: unknown): Promise<string> {
  const id = await weft.start(await weft.createWorkflow(workflow), input);
  await weft.allEvents(id);
  return id;
}

const python = (key: string, code: string, more: object = {}) => ({
  nodes: [
    { key: 'input', type: 'input' },
    { key, type: 'python', config: { code, ...more } },
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

/** One of three fails and is handled; then one waits to try again, in which nothing runs. */
const handled = {
  nodes: [
    { key: 'orders', type: 'input' },
    {
      key: 'check',
      type: 'python',
      name: 'Check each order',
      config: {
        code: `import time
time.sleep(0.3)
if input_data > 2:
    raise ValueError("too many")
print("fine")
result = input_data`,
      },
      // One after another: the failure of one cancels those that still run beside it.
      forEach: { items: 'input', concurrency: 1 },
    },
    { key: 'sum', type: 'transform', name: 'Sum up', config: { expression: '$sum(input)' } },
    { key: 'explain', type: 'python', config: { code: 'print("not taken")' } },
    {
      key: 'again',
      type: 'python',
      name: 'Once more',
      config: { code: 'raise ValueError("not yet")' },
      retry: { maxAttempts: 2, initialDelayMs: 1_500 },
    },
    { key: 'end', type: 'output' },
  ],
  edges: [
    { source: 'orders', target: 'check' },
    { source: 'check', target: 'sum' },
    { source: 'check', sourceHandle: 'error', target: 'explain' },
    { source: 'explain', target: 'again' },
    { source: 'again', sourceHandle: 'error', target: 'end' },
  ],
};

const nosy = python('look', 'open("/etc/hostname", chr(119))');

const large = python('make', `result = {"rows": ["x" * 100] * 60_000}`);

const endless = python('sleep', 'import time\ntime.sleep(250)', { timeoutMs: 300_000 });
