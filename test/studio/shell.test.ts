import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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
  await fill(weft);
  if (hasChromium) browser = opened.use(await launchStudioBrowser());
});
afterAll(async () => await opened.disposeAsync());

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = hasChromium ? describe : describe.skip;

inBrowser('the console', () => {
  test('opens at the workflows; links, back, forward and reload lead where they say, and focus follows', async () => {
    await using studio = await browser.open(server);
    const { page } = studio;
    await page.waitForURL('**/workflows');
    await page.getByRole('link', { name: 'Server' }).click();
    await page.getByRole('heading', { name: 'Server' }).waitFor();
    await holds(page, 'document.activeElement.id === "main"');
    await page.goBack();
    await page.getByRole('heading', { name: 'Workflows' }).waitFor();
    await page.goForward();
    await page.reload();
    await page.getByRole('heading', { name: 'Server' }).waitFor();
    await page.goto('/workflows/wf_1/nowhere');
    await page.getByText('There is nothing at this address').waitFor();
  });

  test('is led by keyboard alone: the skip link, the pages, the theme', async () => {
    await using studio = await browser.open(server);
    const { page } = studio;
    await page.getByText('Movies report').waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.getByRole('link', { name: 'Runs' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Runs', level: 1 }).waitFor();

    await page.getByRole('button', { name: 'Theme' }).focus();
    await page.keyboard.press('Enter');
    await holds(page, 'document.activeElement.getAttribute("role") === "menuitemradio"');
    await page.keyboard.press('End');
    await holds(page, 'document.activeElement.textContent.includes("Dark")');
    await page.keyboard.press('Enter');
    await holds(page, 'getComputedStyle(document.body).backgroundColor === "rgb(13, 14, 17)"');
    await page.reload();
    await holds(page, 'getComputedStyle(document.body).backgroundColor === "rgb(13, 14, 17)"');
  });

  test('a run that is started from the list, or by somebody else, shows its state as it changes', async () => {
    const runByOthers = await weft.createWorkflow({
      name: 'Run by others',
      nodes: [{ key: 'python', type: 'python', config: { code: '1 / 0' } }],
    });
    await using studio = await browser.open(server);
    const { page } = studio;
    const row = page.getByRole('row').filter({ hasText: 'Never yet run' });
    await row.getByText('Never run').waitFor();
    await row.getByRole('button', { name: 'Run Never yet run' }).click();
    await page.waitForURL('**/runs/exec_*');
    await page.getByRole('link', { name: 'Workflows' }).click();
    await row.getByText('Succeeded').waitFor();

    const others = page.getByRole('row').filter({ hasText: 'Run by others' });
    await others.getByText('Never run').waitFor();
    await studio.follows('ExecutionSummaryUpdates');
    await weft.start(runByOthers);
    await others.getByText('Failed').waitFor();
    expect(studio.sockets).toHaveLength(1);
  });

  test('searches by name, and the address keeps the search', async () => {
    await using studio = await browser.open(server);
    const { page } = studio;
    await page.getByRole('searchbox').fill('nothing of that name');
    await page.getByText('No workflow is called').waitFor();
    await page.getByRole('searchbox').fill('movies');
    await page.getByText('Never yet run').waitFor({ state: 'detached' });
    await page.waitForURL('**/workflows?q=movies');
    await page.reload();
    await page.getByText('Movies report').waitFor();
    expect(await page.getByRole('row').count()).toBe(2);
  });

  test('a name with script in it is text', async () => {
    await using studio = await browser.open(server, { path: '/workflows?q=<img' });
    await studio.page.getByText('<img src=x onerror=alert(1)>').first().waitFor();
  });
});

inBrowser('a console that wants a token', () => {
  test('a link works after signing in, the token stays in the tab, and signing out ends it', async () => {
    const { url: databaseUrl } = opened.use(await createDatabase());
    await using locked = await startWeft({ databaseUrl, env: { WEFT_API_TOKEN: 'sesame-open-the-door' } });
    await using studio = await browser.open(locked, { path: '/server', allow: [/401/, /WebSocket/] });
    const { page } = studio;
    await page.getByRole('heading', { name: 'Sign in to Weft' }).waitFor();
    expect(await studio.accessibilityFaults()).toEqual([]);
    await studio.screenshot('sign-in-light');
    await page.getByLabel('API token').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('The server refused this token.').waitFor();
    await page.getByLabel('API token').fill('sesame-open-the-door');
    await page.keyboard.press('Enter');
    await page.getByText('Walls around each run').waitFor();
    await page.reload();
    await page.getByText('Walls around each run').waitFor();
    expect(await page.evaluate('JSON.stringify({ ...localStorage })')).not.toContain('sesame');
    expect(page.url()).not.toContain('sesame');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Weft' }).waitFor();
    expect(await page.evaluate('JSON.stringify({ ...sessionStorage })')).not.toContain('sesame');
  });
});

inBrowser('a console whose server is gone', () => {
  test('says so and since when, and goes on by itself when it is back', async () => {
    const { url: databaseUrl } = opened.use(await createDatabase());
    const first = await startWeft({ databaseUrl });
    const port = new URL(first.url).port;
    await using studio = await browser.open(first, { allow: [/WebSocket|Failed to load|ERR_/] });
    const { page } = studio;
    await page.getByText('No workflows yet').waitFor();
    await first[Symbol.asyncDispose]();
    await page.getByText('The server cannot be reached').waitFor();
    await studio.screenshot('server-gone-light');

    // Of workflows the page learns when it reads the list again, so this one is there before the server is back.
    await using elsewhere = await startWeft({ databaseUrl });
    await using client = new WeftClient(elsewhere.url);
    await client.createWorkflow({ name: 'Made meanwhile', nodes: [{ key: 'a', type: 'input' }] });
    await using _second = await startWeft({ databaseUrl, env: { PORT: port } });
    await page.getByText('Made meanwhile').waitFor();
    await page.getByText('The server cannot be reached').waitFor({ state: 'detached' });
  });
});

describe("the console's files", () => {
  test('the page is never stored, and its policy allows no script but its own', async () => {
    const { status, headers, body } = await get('/runs/exec_1');
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain('unsafe');
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
    expect(body.toString()).toContain(`nonce="${nonce}"`);
    expect(body.toString()).not.toMatch(/<script>|<style>| style="/);
  });

  test('assets are kept for ever, and come compressed to those who can read it', async () => {
    const page = (await get('/')).body.toString();
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(page)![1]!;
    const sizes = new Map<string, number>();
    for (const coding of ['br', 'gzip', 'identity']) {
      const { status, headers, body } = await get(script, { 'accept-encoding': coding });
      expect(status).toBe(200);
      expect(headers['content-encoding'] ?? 'identity').toBe(coding);
      expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
      expect(headers.vary).toContain('accept-encoding');
      sizes.set(coding, body.length);
      const again = await get(script, { 'accept-encoding': coding, 'if-none-match': String(headers.etag) });
      expect([again.status, again.body.length]).toEqual([304, 0]);
      const head = await get(script, { 'accept-encoding': coding }, 'HEAD');
      expect([head.status, head.body.length]).toEqual([200, 0]);
      expect(head.headers['content-length']).toBe(String(body.length));
    }
    expect(sizes.get('br')!).toBeLessThan(sizes.get('gzip')!);
    expect(sizes.get('gzip')!).toBeLessThan(sizes.get('identity')!);
  });

  test.each([
    '/workflows',
    '/workflows/wf_1',
    '/runs',
    '/runs/exec_1',
    '/approvals',
    '/schedules',
    '/webhooks',
    '/environments',
    '/security',
    '/access',
    '/server',
  ])('the page at %s names what it needs beside the entry, so that both come at once', async (path) => {
    const head = (await get(path)).body.toString().split('</head>')[0]!;
    const files = [
      ...head.matchAll(/rel="(?:modulepreload|preload" as="style)" crossorigin href="([^"]+)"/g),
    ];
    expect(files.length).toBeGreaterThan(1);
    for (const [, file] of files) expect([file, (await get(file!)).status]).toEqual([file, 200]);
  });

  test.each([
    '/assets/../../../package.json',
    '/assets/%2e%2e/index.html',
    '/index.html',
    '/workflowsx',
    '/assets/none.js',
  ])('%s is not there', async (path) => {
    expect((await get(path)).status).toBe(404);
  });
});

/** Not `fetch`, which decompresses and tidies paths. */
async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const request = httpRequest(new URL(server.url), { path, headers, method }).end();
  const [response] = await once(request, 'response');
  const chunks: Buffer[] = await response.toArray();
  return {
    status: response.statusCode as number,
    headers: response.headers as Record<string, string | string[] | undefined>,
    body: Buffer.concat(chunks),
  };
}

/** Workflows in every state that the list can show. */
async function fill(client: WeftClient): Promise<void> {
  const python = (code: string) => [{ key: 'python', type: 'python', config: { code } }];
  const movies = await client.createWorkflow({
    name: 'Movies report',
    description:
      'Ranks the films of each decade by their rating, and draws the chart that goes out on Mondays',
    nodes: python('result = 1'),
  });
  const nightly = await client.createWorkflow({
    name: 'Nightly import',
    description: 'Reads the exports of the shops',
    nodes: python('raise ValueError("no export for today")'),
  });
  await client.createWorkflow({
    name: 'Quarterly figures with a name that is rather long for the place it has on a phone',
    nodes: python('result = 1'),
    inputSchema: {
      type: 'object',
      properties: { quarter: { type: 'integer', default: 3 } },
      required: ['quarter'],
    },
  });
  await client.createWorkflow({ name: '<img src=x onerror=alert(1)>', nodes: python('result = 1') });
  await client.createWorkflow({ name: 'Never yet run', nodes: [{ key: 'input', type: 'input' }] });
  for (const id of [movies, nightly]) await client.allEvents(await client.start(id));
}
