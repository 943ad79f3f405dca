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
const button = (name: string) => ['button', { name, exact: true }] as const;

inBrowser('schedules in the console', () => {
  test('a schedule is written with its next times in sight, fires, is paused, changed and deleted', async () => {
    await weft.createWorkflow({ name: 'Morning report', nodes: [{ key: 'out', type: 'output' }] });
    await using studio = await browser.open(server, { path: '/schedules' });
    const { page } = studio;
    await page.getByText('No schedules yet').waitFor();
    await page
      .getByRole(...button('New schedule'))
      .first()
      .click();
    const dialog = page.getByRole('dialog', { name: 'New schedule' });
    await dialog.getByLabel('Workflow').selectOption({ label: 'Morning report' });
    await dialog.getByLabel('Name').fill('Each second');
    const cron = dialog.getByLabel('Cron expression');
    await cron.fill('99 * * * *');
    await dialog.getByText(/Expected a cron expression/).waitFor();
    await dialog.getByRole('button', { name: 'Create', exact: true, disabled: true }).waitFor();
    await cron.fill('* * * * * *');
    await dialog.getByRole('listitem').nth(4).waitFor();
    await studio.screenshot('schedule-new');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await dialog.getByRole(...button('Create')).click();

    const row = page.getByRole('row', { name: /Each second/ });
    await row.waitFor();
    const menu = row.getByRole('button', { name: 'Actions of Each second' });
    await row.getByRole(...button('Each second')).click();
    const details = page.getByRole('dialog', { name: 'Each second' });
    await details.getByRole('link', { name: 'Open the run' }).first().waitFor();
    await studio.screenshot('schedule-details');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await details.getByRole('link', { name: 'Open the run' }).first().click();
    await page.getByText('Started by the schedule').waitFor();
    await page.getByRole('link', { name: 'Each second', exact: true }).click();
    await details.getByRole(...button('Close')).click();
    await details.waitFor({ state: 'hidden' });

    await menu.click();
    await page.getByRole('menuitem', { name: 'Pause' }).click();
    await row.getByText('Paused').waitFor();
    await menu.click();
    await page.getByRole('menuitem', { name: 'Change' }).click();
    const change = page.getByRole('dialog', { name: 'Change Each second' });
    await change.getByLabel('Cron expression').fill('0 9 * * MON-FRI');
    await change.getByRole(...button('Save')).click();
    await row.getByText(/0 9 \* \* MON-FRI/).waitFor();
    await studio.screenshot('schedules');
    expect(await studio.accessibilityFaults()).toEqual([]);

    await menu.click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page
      .getByRole('dialog', { name: 'Delete Each second?' })
      .getByRole(...button('Delete'))
      .click();
    await page.getByText('No schedules yet').waitFor();
  });
});
