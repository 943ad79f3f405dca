import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  hasChromium,
  launchStudioBrowser,
  type Studio,
  type StudioBrowser,
} from '../support/studio-browser.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = hasChromium ? describe : describe.skip;

inBrowser('signing in', () => {
  const firstToken = 'first-token-of-the-tests';
  const secondToken = 'second-token-of-the-tests';
  const opened = new AsyncDisposableStack();
  let databaseUrl: string;
  let browser: StudioBrowser;
  beforeAll(async () => {
    databaseUrl = opened.use(await createDatabase()).url;
    browser = opened.use(await launchStudioBrowser());
  });
  afterAll(async () => await opened.disposeAsync());

  const start = (token: string, env: Record<string, string> = {}) =>
    startWeft({ databaseUrl, env: { WEFT_API_TOKEN: token, ...env } });

  async function signIn({ page }: Studio, token: string): Promise<void> {
    await page.getByLabel('API token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  test('a token that expires in mid-run leads to the sign-in and back to the place, with what was typed there', async () => {
    await using first = await start(firstToken);
    await using client = new WeftClient(first.url, firstToken);
    await client.createWorkflow({
      name: 'Slow',
      nodes: [
        {
          key: 'slow',
          type: 'python',
          config: { code: 'import time\ntime.sleep(250)', timeoutMs: 300_000 },
        },
      ],
      inputSchema: { type: 'object' },
    });
    await using studio = await browser.open(first, {
      path: '/workflows?q=slow',
      allow: [/401/, /WebSocket|Failed to load|ERR_/],
    });
    const { page } = studio;
    const leaks = watchForLeaks(studio, [firstToken, secondToken]);
    await page.getByRole('heading', { name: 'Sign in to Weft' }).waitFor();
    await signIn(studio, firstToken);
    await page.getByRole('button', { name: 'Run Slow' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Run', exact: true }).click();
    await page.waitForURL('**/runs/exec_*');
    await page.goBack();
    const row = page.getByRole('row').filter({ hasText: 'Slow' });
    await row.getByText('Running').waitFor();
    await page.getByRole('button', { name: 'Run Slow' }).click();
    await page.getByLabel('Input').fill('{ "typed": "and not lost" }');
    const watching = await studio.context.newPage();
    await watching.goto('/runs');
    await watching.getByLabel('API token').fill(firstToken);
    await watching.getByRole('button', { name: 'Sign in' }).click();
    await watching.getByRole('link', { name: 'Slow' }).click();
    await watching.waitForURL('**/runs/exec_*');
    const runStatus = watching.locator('.weft-run__title');
    await runStatus.getByText('Running').waitFor();

    const { port } = new URL(first.url);
    await first[Symbol.asyncDispose]();
    await using second = await start(secondToken, { PORT: port });
    await page.getByText('Your token is not accepted any more.').waitFor();
    await studio.screenshot('sign-in-expired-light');
    await signIn(studio, firstToken);
    await page.getByText('The server refused this token.').waitFor();
    const before = studio.subscriptions.length;
    await signIn(studio, secondToken);
    await page.getByRole('heading', { name: 'Sign in to Weft' }).waitFor({ state: 'detached' });
    await studio.follows('ExecutionSummaryUpdates', before);
    expect(page.url()).toContain('/workflows?q=slow');
    expect(await page.getByLabel('Input').inputValue()).toBe('{ "typed": "and not lost" }');
    await page.keyboard.press('Escape');

    // The list is live again, by the new token.
    await using newClient = new WeftClient(second.url, secondToken);
    const { executions } = await newClient.query<{ executions: { nodes: { id: string }[] } }>(
      '{ executions(first: 1) { nodes { id } } }',
    );
    await newClient.cancel(executions.nodes[0]!.id, 'FORCE');
    await row.getByText('Canceled').waitFor();

    // So is the run that was watched, in its own tab.
    await watching.getByText('Your token is not accepted any more.').waitFor();
    await watching.getByLabel('API token').fill(secondToken);
    await watching.getByRole('button', { name: 'Sign in' }).click();
    await runStatus.getByText('Canceled').waitFor();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Weft' }).waitFor();
    expect(await page.getByText('Slow').count()).toBe(0);
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in to Weft' }).waitFor();
    expect(await leaks([first, second])).toEqual([]);
  });

  test('a token is made on the page Access, signs in with what it may do, and is revoked', async () => {
    await using server = await start(firstToken);
    await using studio = await browser.open(server, { path: '/access', allow: [/401/, /WebSocket/] });
    const { page } = studio;
    await signIn(studio, firstToken);
    await page.getByText('You use WEFT_API_TOKEN, which may do everything, and make tokens.').waitFor();
    await page.getByText('No tokens yet').waitFor();
    await page.getByRole('button', { name: 'New token' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'New token' });
    await dialog.getByLabel('Name').fill('Night shift');
    await dialog.getByLabel('May').selectOption({ label: 'read' });
    await dialog.getByLabel('Only these workflows').fill('No Key');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByText(/Expected a key of 1 to 64/).waitFor();
    await dialog.getByLabel('Only these workflows').fill('slow');
    await dialog.getByLabel('Only runs with these labels').fill('customer=42\nregion=eu=west');
    await dialog.getByLabel('Cost of operations a minute').fill('60000');
    await dialog.getByLabel('Runs at once').fill('3');
    await studio.screenshot('token-new');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await dialog.getByRole('button', { name: 'Create' }).click();
    const shown = page.getByRole('dialog', { name: 'The token of Night shift' });
    const secret = (await shown.locator('code').first().textContent())!;
    expect(secret).toMatch(/^weft_[\w-]{43}$/);
    await studio.screenshot('token-secret');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await shown.getByRole('button', { name: 'I have kept it' }).click();
    const row = page.getByRole('row', { name: /Night shift/ });
    await row.getByText('slow').waitFor();
    await row.getByText('region=eu=west, customer=42').waitFor();
    await row.getByText('60000 a minute, 3 runs at once').waitFor();
    await row.getByText('Never').waitFor();
    await studio.screenshot('access');
    expect(await studio.accessibilityFaults()).toEqual([]);

    const other = await studio.context.newPage();
    await other.goto('/access');
    await other.getByLabel('API token').fill(secret);
    await other.getByRole('button', { name: 'Sign in' }).click();
    await other.getByText('You use Night shift, which may read.').waitFor();
    await other.getByText(/Expected a token with the scope ADMIN/).waitFor();

    await row.getByRole('button', { name: 'Revoke Night shift' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await row.getByText('Revoked').waitFor();
    await other.getByText('Your token is not accepted any more.').waitFor();

    await page.getByRole('tab', { name: 'Audit trail' }).click();
    const lines = page.getByRole('table', { name: 'Operations' });
    await lines.getByRole('button', { name: 'tokenRevoke' }).click();
    const details = page.getByRole('dialog', { name: 'tokenRevoke' });
    await details.getByText('"revokedAt": null').waitFor();
    await studio.screenshot('audit-line');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await details.getByRole('button', { name: 'All that was done to it' }).click();
    await page.waitForURL('**/access?tab=audit&target=tok_*');
    await lines.getByText('Refused').first().waitFor({ state: 'detached' });
    await lines.getByRole('button', { name: 'tokenCreate' }).waitFor();
    await studio.screenshot('audit-trail');
    expect(await studio.accessibilityFaults()).toEqual([]);
  });

  test('what was requested before the sign-in, and refused only after it, is read again', async () => {
    await using server = await start(firstToken);
    await using client = new WeftClient(server.url, firstToken);
    await client.createWorkflow({ name: 'Late', nodes: [{ key: 'in', type: 'input' }] });
    await using studio = await browser.open(server, { allow: [/401/, /WebSocket/] });
    const { page } = studio;
    const signedIn = Promise.withResolvers<void>();
    await page.route('**/graphql', async (route) => {
      if (!route.request().postData()?.includes('query Workflows')) return await route.continue();
      const response = await route.fetch();
      await signedIn.promise;
      await route.fulfill({ response });
    });
    await page.goto('/workflows');
    await page.getByLabel('API token').fill(firstToken);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Sign in to Weft' }).waitFor({ state: 'detached' });
    signedIn.resolve();
    await page.getByRole('link', { name: 'Late' }).waitFor();
  });

  test('another tab has to sign in by itself', async () => {
    await using server = await start(firstToken);
    await using studio = await browser.open(server, { path: '/server', allow: [/401/, /WebSocket/] });
    await signIn(studio, firstToken);
    await studio.page.getByText('Walls around each run').waitFor();
    const other = await studio.context.newPage();
    await other.goto(studio.page.url());
    await other.getByRole('heading', { name: 'Sign in to Weft' }).waitFor();
  });
});

/** Where the tokens have been seen that should have been seen nowhere. */
function watchForLeaks({ page }: Studio, tokens: readonly string[]) {
  const seen: { where: string; text: string }[] = [];
  page.on('request', (request) => seen.push({ where: 'URL', text: request.url() }));
  page.on('websocket', (socket) => seen.push({ where: 'URL of a WebSocket', text: socket.url() }));
  page.on('framenavigated', (frame) => seen.push({ where: 'address', text: frame.url() }));
  page.on('console', (message) => seen.push({ where: 'console', text: message.text() }));
  return async (servers: readonly WeftServer[]) => {
    for (const { stdout, stderr } of servers) seen.push({ where: 'log', text: stdout + stderr });
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state])',
    );
    seen.push({ where: 'storage after signing out', text: stored });
    return seen.filter(({ text }) => tokens.some((token) => text.includes(token)));
  };
}
