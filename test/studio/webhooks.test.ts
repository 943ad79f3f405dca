import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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
  const key = Buffer.alloc(32, 1).toString('base64');
  server = opened.use(
    await startWeft({ databaseUrl, env: { WEFT_SECRETS_KEY: key, WEFT_HTTP_ALLOWED_HOSTS: '127.0.0.1' } }),
  );
  weft = opened.use(new WeftClient(server.url));
  if (hasChromium) browser = opened.use(await launchStudioBrowser());
});
afterAll(async () => await opened.disposeAsync());

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = hasChromium ? describe : describe.skip;
const button = (name: string) => ['button', { name, exact: true }] as const;

inBrowser('webhooks in the console', () => {
  test('a webhook is made, its address is shown once, and its requests are seen, started again and ended', async () => {
    await weft.createWorkflow({ name: 'Take orders', nodes: [{ key: 'out', type: 'output' }] });
    await using studio = await browser.open(server, { path: '/webhooks' });
    const { page } = studio;
    await page.getByText('No webhooks yet').waitFor();
    await page
      .getByRole(...button('New webhook'))
      .first()
      .click();
    const dialog = page.getByRole('dialog', { name: 'New webhook' });
    expect(await dialog.getByRole(...button('Create')).isDisabled()).toBe(true);
    await dialog.getByLabel('Workflow').selectOption({ label: 'Take orders' });
    await dialog.getByLabel('Name').fill('Orders');
    await dialog.getByLabel('Signature').selectOption('GITHUB');
    await dialog.getByLabel('Signing secrets').fill('short');
    await dialog.getByRole(...button('Create')).click();
    await dialog.getByText(/secret of 16 to 200 characters/).waitFor();
    await studio.screenshot('webhook-new');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await dialog.getByLabel('Signing secrets').fill('a-secret-of-the-sender');
    await dialog.getByLabel('Version').fill('1');
    await dialog.getByLabel('Requests a minute').fill('90');
    await dialog.getByRole(...button('Create')).click();

    const shown = page.getByRole('dialog', { name: 'The address of Orders' });
    const url = (await shown.locator('code').first().textContent())!;
    expect(url).toMatch(/^http:.*\/hooks\/[\w-]{43}$/);
    await shown.getByRole(...button('Copy the address')).waitFor();
    await studio.screenshot('webhook-address');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await shown.getByRole(...button('I have kept it')).click();
    expect(await page.getByText(url).count()).toBe(0);

    const row = page.getByRole('row', { name: /Orders/ });
    await row.getByRole(...button('Orders')).click();
    const details = page.getByRole('dialog', { name: 'Orders' });
    await details.getByText('No request has come yet.').waitFor();
    await details.getByRole(...button('Record for an hour')).click();
    await details.getByRole(...button('Stop recording')).waitFor();
    const body = '{"id":7}';
    const post = (headers: object) =>
      fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
    const signature = createHmac('sha256', 'a-secret-of-the-sender').update(body).digest('hex');
    expect((await post({ 'x-kind': 'order' })).status).toBe(401);
    expect((await post({ 'x-hub-signature-256': `sha256=${signature}` })).status).toBe(202);
    await details.getByRole('link', { name: 'Open the run' }).waitFor();
    await details.getByText('SIGNATURE_MISSING').waitFor();
    await details
      .getByRole('row', { name: /SIGNATURE_MISSING/ })
      .getByRole(...button('Show'))
      .click();
    await details.getByText('x-kind: order').waitFor();
    await studio.screenshot('webhook-details');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await details.getByRole(...button('Start again with this request')).click();
    await page.waitForURL('**/runs/exec_*');
    await details.waitFor({ state: 'hidden' });
    await page.getByText('Started by the webhook').waitFor();
    await studio.screenshot('run-of-webhook');
    await page.getByRole('link', { name: 'Orders', exact: true }).click();
    await details.getByRole('link', { name: 'Open the run' }).first().waitFor();
    await details.getByRole(...button('Close')).click();
    await details.waitFor({ state: 'hidden' });
    expect(new URL(page.url()).search).toBe('');

    const menu = row.getByRole('button', { name: 'Actions of Orders' });
    const choose = async (item: string) => {
      await menu.click();
      await page.getByRole('menuitem', { name: item }).click();
    };
    await choose('Turn off');
    await row.getByText('Off', { exact: true }).waitFor();
    expect((await post({})).status).toBe(404);
    await choose('Change');
    const change = page.getByRole('dialog', { name: 'Change Orders' });
    expect(await change.getByLabel('Version').inputValue()).toBe('1');
    await change.getByLabel('Version').fill('');
    await change.getByLabel('Answers').selectOption('OUTPUT');
    await change.getByLabel('Waits for the run, in seconds').fill('301');
    expect(await change.locator('input:invalid').count()).toBe(1);
    await change.getByLabel('Waits for the run').fill('5');
    await change.getByLabel('Signature').selectOption('STRIPE');
    await change.getByLabel('Signing secrets').fill('a-secret-of-the-sender');
    await change.getByLabel('Tolerance').fill('60');
    await studio.screenshot('webhook-change');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await change.getByRole('checkbox', { name: 'PUT' }).check();
    await change.getByRole(...button('Save')).click();
    await row.getByText('POST, PUT, signed as Stripe does').waitFor();
    const { webhooks } = await weft.query<{ webhooks: { nodes: unknown[] } }>(
      '{ webhooks { nodes { versionNumber timeoutMs maxPerMinute toleranceSeconds } } }',
    );
    expect(webhooks.nodes).toEqual([
      { versionNumber: null, timeoutMs: 5_000, maxPerMinute: 90, toleranceSeconds: 60 },
    ]);
    await choose('New address');
    const rotate = page.getByRole('dialog', { name: 'A new address for Orders' });
    await rotate.getByRole(...button('Make it')).click();
    const second = page.getByRole('dialog', { name: 'The address of Orders' });
    expect(await second.locator('code').first().textContent()).not.toBe(url);
    await second.getByRole(...button('I have kept it')).click();
    await studio.screenshot('webhooks');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await choose('Delete');
    await page
      .getByRole('dialog', { name: 'Delete Orders?' })
      .getByRole(...button('Delete'))
      .click();
    await page.getByText('No webhooks yet').waitFor();
  });

  test('an endpoint is made, a sample is sent, the log shows what became of it, and it is sent again', async () => {
    let status = 503;
    const receiver = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(status).end('from the receiver'));
    });
    await once(receiver.listen(0, '127.0.0.1'), 'listening');
    opened.defer(() => {
      receiver.closeAllConnections();
      receiver.close();
    });
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/weft`;
    await using studio = await browser.open(server, { path: '/webhooks' });
    const { page } = studio;
    await page.getByRole('tab', { name: 'Outgoing' }).click();
    await page.getByText('No endpoints yet').waitFor();
    await page
      .getByRole(...button('New endpoint'))
      .first()
      .click();
    const dialog = page.getByRole('dialog', { name: 'New endpoint' });
    await dialog.getByLabel('URL').fill('ftp://example.com');
    await dialog.getByRole(...button('Create')).click();
    await dialog.getByText(/Expected a URL of http or https/).waitFor();
    await studio.screenshot('endpoint-new');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await dialog.getByLabel('URL').fill(url);
    await dialog.getByLabel('Name').fill('Backend');
    await dialog.getByRole(...button('Create')).click();
    const shown = page.getByRole('dialog', { name: 'The secret of Backend' });
    expect(await shown.locator('code').first().textContent()).toMatch(/^whsec_/);
    await shown.getByRole(...button('I have kept it')).click();

    const row = page.getByRole('row', { name: /Backend/ });
    await row.getByText('On', { exact: true }).waitFor();
    await row.getByRole(...button('Backend')).click();
    const details = page.getByRole('dialog', { name: 'Backend' });
    await details.getByText('Nothing has been sent yet.').waitFor();
    await details.getByRole(...button('Send a sample')).click();
    await details.getByText('webhook.test').waitFor();
    await details.getByRole(...button('Show')).click();
    await details.getByText(/got 503/).waitFor();
    status = 204;
    await details.getByRole(...button('Send it again')).click();
    await details.getByText('204 accepted').waitFor();
    await studio.screenshot('endpoint-details');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await page.keyboard.press('Escape');
    await details.waitFor({ state: 'hidden' });

    const viewport = { width: 360, height: 740 };
    await using phone = await browser.open(server, {
      path: '/webhooks?tab=outgoing',
      theme: 'dark',
      viewport,
    });
    await phone.page.getByText('Backend').waitFor();
    expect(await phone.page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await phone.screenshot('endpoints-360-dark');
    await phone.page.getByRole(...button('Backend')).click();
    await phone.page.getByText('204 accepted').waitFor();
    await phone.screenshot('endpoint-details-360-dark');
    expect(await phone.accessibilityFaults()).toEqual([]);

    const choose = async (item: string) => {
      await row.getByRole('button', { name: 'Actions of Backend' }).click();
      await page.getByRole('menuitem', { name: item }).click();
    };
    await choose('New secret');
    await page
      .getByRole('dialog', { name: 'A new secret for Backend?' })
      .getByRole(...button('Make it'))
      .click();
    await page
      .getByRole('dialog', { name: 'The secret of Backend' })
      .getByRole(...button('I have kept it'))
      .click();
    await studio.screenshot('endpoints');
    await choose('Delete');
    await page
      .getByRole('dialog', { name: 'Delete Backend?' })
      .getByRole(...button('Delete'))
      .click();
    await page.getByText('No endpoints yet').waitFor();
  });
});
