import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { projectRoot } from '../../server/shared/paths.ts';
import { fanOutTemplate } from '../../studio/src/editor/templates/fan-out.ts';
import { pandasReportTemplate } from '../../studio/src/editor/templates/pandas-report.ts';
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

const transform = (key: string, expression: string) => ({ key, type: 'transform', config: { expression } });
const prices = {
  name: 'Prices',
  nodes: [
    { key: 'member', type: 'branch', config: { condition: 'input' } },
    transform('reduced', '90'),
    transform('full', '100'),
    transform('total', '{ "all": input }'),
    { key: 'out', type: 'output', name: 'The price' },
  ],
  edges: [
    { source: 'member', sourceHandle: 'true', target: 'reduced' },
    { source: 'member', sourceHandle: 'false', target: 'full' },
    { source: 'reduced', target: 'total' },
    { source: 'full', target: 'total' },
    { source: 'total', target: 'out' },
  ],
};
const nodeOf = (page: Page, key: string) => page.locator(`.weft-canvas [data-node-key="${key}"]`);
const saved = (page: Page) => page.getByText('Unsaved').waitFor({ state: 'detached' });

interface Version {
  workflow: {
    latestVersion: { nodes: { key: string; join: string }[]; edges: { targetHandle: string | null }[] };
  };
}
const VERSION =
  'query ($id: ID!) { workflow(id: $id) { latestVersion { nodes { key join } edges { targetHandle } } } }';

inBrowser('joins in the console', () => {
  test('a join that cannot be met is marked, and either mend is made in the form', async () => {
    const id = await weft.createWorkflow(prices);
    await using studio = await browser.open(server, { path: `/workflows/${id}?node=total` });
    const { page } = studio;
    await nodeOf(page, 'total').locator('.weft-node__problems--warning').waitFor();
    const all = page.getByRole('radio', { name: 'Starts when every input has come' });
    const any = page.getByRole('radio', { name: 'Starts when all are settled and at least one came' });
    expect(await all.isChecked()).toBe(true);
    await page
      .getByText(/can never start/)
      .first()
      .waitFor();
    expect(await studio.accessibilityFaults()).toEqual([]);

    await any.check();
    await nodeOf(page, 'total').getByText('ANY', { exact: true }).waitFor();
    await page
      .getByText(/can never start/)
      .first()
      .waitFor({ state: 'detached' });
    await studio.screenshot('join-any');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await saved(page);
    const latest = async () => (await weft.query<Version>(VERSION, { id })).workflow.latestVersion;
    expect((await latest()).nodes.map(({ join }) => join)).toEqual(['ALL', 'ALL', 'ALL', 'ANY', 'ALL']);

    await all.check();
    for (const source of ['reduced', 'full']) {
      const name = page.getByRole('textbox', { name: `Name of the input from ${source}` });
      await name.fill('price');
      await name.press('Enter');
    }
    await page
      .getByText(/can never start/)
      .first()
      .waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await saved(page);
    expect((await latest()).nodes[3]!.join).toBe('ALL');
    expect((await latest()).edges.map(({ targetHandle }) => targetHandle)).toEqual([
      null,
      null,
      'price',
      'price',
      null,
    ]);
  });

  test('a merge and a fail node are drawn from their definitions, and a merge asks for no join', async () => {
    const nodes = [
      ...prices.nodes.slice(0, 3),
      { key: 'total', type: 'merge' },
      { key: 'out', type: 'fail', config: { code: 'TOO_DEAR', message: 'too dear' } },
    ];
    const id = await weft.createWorkflow({ ...prices, nodes });
    await using studio = await browser.open(server, { path: `/workflows/${id}?node=total` });
    const { page } = studio;
    const emits = page.getByRole('combobox', { name: 'Emits' });
    expect(await emits.inputValue()).toBe('first');
    await emits.selectOption('A list of what came');
    await nodeOf(page, 'total').getByText('ANY', { exact: true }).waitFor();
    expect(await page.getByRole('radio').count()).toBe(0);
    expect(await studio.accessibilityFaults()).toEqual([]);
    await nodeOf(page, 'out').click();
    await page.getByRole('textbox', { name: 'Code' }).fill('TOO_MUCH');
    await page.getByRole('textbox', { name: 'Message' }).waitFor();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await saved(page);
    const { workflow } = await weft.query<{ workflow: { latestVersion: { nodes: { config: object }[] } } }>(
      'query ($id: ID!) { workflow(id: $id) { latestVersion { nodes { config } } } }',
      { id },
    );
    expect(workflow.latestVersion.nodes.slice(3).map(({ config }) => config)).toEqual([
      { emit: 'list' },
      { code: 'TOO_MUCH', message: 'too dear' },
    ]);
    await studio.screenshot('merge-and-fail');
  });

  test('a run that failed is retried with the latest version, after what will run was shown', async () => {
    const draft = (last: string) => ({
      name: 'Mended',
      nodes: [transform('load', '[1, 2]'), { ...transform('sum', last), name: 'Sum up' }],
      edges: [{ source: 'load', target: 'sum' }],
    });
    const id = await weft.createWorkflow(draft('$error("no")'));
    const failed = await weft.start(id);
    await weft.allEvents(failed);
    await weft.query(
      'mutation ($id: ID!, $input: WorkflowInput!) { workflowUpdate(id: $id, input: $input) { userErrors { code } } }',
      { id, input: draft('$sum(input)') },
    );
    await using studio = await browser.open(server, { path: `/runs/${failed}` });
    const { page } = studio;
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.getByRole('menuitem', { name: /latest version/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Retry with the latest version' });
    await dialog.getByText('1 of 2 nodes run; the results of 1 are kept.').waitFor();
    await dialog
      .getByRole('listitem')
      .filter({ hasText: 'Sum up' })
      .getByText('runs: it was changed')
      .waitFor();
    expect(await studio.accessibilityFaults()).toEqual([]);
    await studio.screenshot('retry-latest');
    await dialog.getByRole('button', { name: 'Retry with version 2' }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/runs/') && !url.pathname.endsWith(failed));
    await page.locator('.weft-run__title').getByText('Succeeded').waitFor();
  });

  test('a run says why a node was skipped, and what began it', async () => {
    const id = await weft.run(prices.nodes, prices.edges, true);
    await weft.allEvents(id);
    await using studio = await browser.open(server, { path: `/runs/${id}?node=out` });
    const { page } = studio;
    await page.getByText('Skipped because total was skipped, as member went by “true”.').waitFor();
    await studio.screenshot('run-skipped');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await page.getByRole('button', { name: 'member', exact: true }).click();
    await page.waitForURL('**/runs/*node=member*');
    await page.getByRole('treeitem', { name: 'full' }).click();
    await page.getByText('Skipped because member went by “true”.').waitFor();
  });
});

const example = (await import(pathToFileURL(join(projectRoot, 'examples/movies/workflow.mjs')).href)) as {
  workflow: { name: string };
};

test.each([fanOutTemplate.workflow, pandasReportTemplate.workflow, example.workflow])(
  'the template or example $name has no warnings',
  async (workflow) => {
    const { workflowValidate } = await weft.query<{ workflowValidate: object[] }>(
      'query ($input: WorkflowInput!) { workflowValidate(input: $input) { level code field message } }',
      { input: workflow },
    );
    expect(workflowValidate).toEqual([]);
  },
);
