import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
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

const form = {
  type: 'object',
  required: ['account'],
  properties: {
    account: { type: 'string', title: 'Account' },
    express: { type: 'boolean', title: 'Express' },
  },
};
const ask = (config: object = {}) => ({
  key: 'ask',
  name: 'Ask the team',
  type: 'approval',
  config: { title: 'Refund of {{ input.amount }} € to {{ input.customer }}?', ...config },
});
const refund = {
  name: 'Refunds',
  nodes: [
    ask({ form, text: 'They sent it back in March.\nThe invoice is 4711.', timeoutMs: 864_000_000 }),
    { key: 'pay', type: 'transform', config: { expression: 'input.values.account' } },
  ],
  edges: [{ source: 'ask', sourceHandle: 'approved', target: 'pay' }],
};
const customer = (name: string, amount = 70) => ({ amount, customer: name });

async function begin(workflowId: string, input: unknown): Promise<string> {
  const id = await weft.start(workflowId, input);
  await weft.event(id, ({ __typename }) => __typename === 'ExecutionWaiting');
  return id;
}

async function decide(executionId: string, decision: string, by: string): Promise<void> {
  const { approvals } = await weft.query<{ approvals: { nodes: { id: string }[] } }>(
    'query ($id: ID!) { approvals(filter: { executionId: $id }) { nodes { id } } }',
    { id: executionId },
  );
  const input = { id: approvals.nodes[0]!.id, decision, by };
  await weft.query(
    'mutation ($input: ApprovalResolveInput!) { approvalResolve(input: $input) { userErrors { code } } }',
    {
      input: { ...input, ...(decision === 'APPROVE' && { values: { account: 'DE02' } }) },
    },
  );
}

const cardOf = (page: Page, name: string) => page.getByRole('article', { name: new RegExp(name) });
const button = (name: string) => ['button', { name, exact: true }] as const;

inBrowser('approvals in the console', () => {
  test('what is asked comes in live, is decided with its form, and is kept with who decided what', async () => {
    const workflowId = await weft.createWorkflow(refund);
    await using studio = await browser.open(server, { path: '/approvals' });
    const { page } = studio;
    await page.getByText('Nothing waits for a decision').waitFor();
    await studio.screenshot('approvals-none');
    const first = await begin(workflowId, customer('Ada'));
    await begin(workflowId, customer('Bob', 90));
    const count = page.getByRole('link', { name: /Approvals/ }).getByText('2 open');
    await count.waitFor();
    const card = cardOf(page, 'Refund of 70 € to Ada');
    await card.getByText('The invoice is 4711.').waitFor();
    await card.getByRole('textbox', { name: 'Account' }).waitFor();
    await studio.screenshot('approvals-light');
    expect(await studio.accessibilityFaults()).toEqual([]);

    await card.getByRole(...button('Approve')).click();
    await card
      .getByText(/Account/)
      .nth(1)
      .waitFor();
    await card.locator('[aria-invalid=true]').waitFor();
    await studio.screenshot('approvals-bad-input');
    await card.getByRole('textbox', { name: 'Account' }).fill('DE02');
    await card.getByRole('textbox', { name: 'Your name' }).fill('Grace');
    await card.getByRole('textbox', { name: 'Comment' }).fill('All right.');
    await card.getByRole(...button('Approve')).click();
    const row = page.getByRole('table', { name: 'Decided approvals' }).getByRole('row', { name: /Ada/ });
    await row.getByText('Grace approved').waitFor();
    await row.getByText('All right.').waitFor();
    expect((await weft.allEvents(first)).at(-1)).toMatchObject({ output: 'DE02' });
  });

  test('who decides while somebody else does is told so, and what they typed does not vanish unseen', async () => {
    const workflowId = await weft.createWorkflow({ ...refund, name: 'Raced' });
    const id = await begin(workflowId, customer('Cyd'));
    await using studio = await browser.open(server, { path: '/approvals', theme: 'dark' });
    const { page } = studio;
    const card = cardOf(page, 'to Cyd');
    await card.getByRole('textbox', { name: 'Account' }).fill('DE0');
    await decide(id, 'REJECT', 'Mallory');
    await page.getByText('Closed while you were deciding').waitFor();
    await card.getByText('Mallory rejected').waitFor();
    await studio.screenshot('approvals-dark');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await page.getByRole(...button('Dismiss')).click();
    await card.waitFor({ state: 'detached' });
  });

  test('a run says what it waits for and until when, and is decided in its own view', async () => {
    const workflowId = await weft.createWorkflow({ ...refund, name: 'In a run' });
    const id = await begin(workflowId, customer('Dan'));
    await using studio = await browser.open(server, { path: `/runs/${id}?node=ask` });
    const { page } = studio;
    await page
      .locator('.weft-run__title')
      .getByText(/^for a decision, until .* at most$/)
      .waitFor();
    await page.locator('.weft-run__wait', { hasText: 'Waits for a decision' }).waitFor();
    await page
      .getByRole('treeitem', { name: /Ask the team/ })
      .getByText(/Waits for a decision/)
      .waitFor();
    await studio.screenshot('run-waiting');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await page.getByRole(...button('Decide')).click();
    const dialog = page.getByRole('dialog', { name: 'Decide' });
    await dialog.getByRole('textbox', { name: 'Account' }).fill('DE03');
    await studio.screenshot('run-decide');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await dialog.getByRole(...button('Approve')).click();
    await page.locator('.weft-run__title').getByText('Succeeded').waitFor();
    await page.goto('/runs');
    await page
      .getByText(/waits for a decision/)
      .first()
      .waitFor();
    await studio.screenshot('runs-waiting');
  });

  test('a run and those that it started are linked, and stay current', async () => {
    const child = await weft.createWorkflow({ name: 'A child', nodes: [ask()] });
    const nodes = [
      { key: 'fan', type: 'subworkflow', config: { workflow: child }, forEach: { items: 'input' } },
    ];
    const id = await weft.start(await weft.createWorkflow({ name: 'A parent', nodes }), [
      customer('Eve'),
      customer('Fay'),
    ]);
    await weft.event(id, ({ __typename }) => __typename === 'ExecutionWaiting');
    await using studio = await browser.open(server, { path: `/runs/${id}?node=fan&tab=runs` });
    const { page } = studio;
    const runs = page.getByRole('list', { name: 'Runs that it started' }).getByRole('listitem');
    await runs.getByText('Waiting').nth(1).waitFor();
    expect(await runs.count()).toBe(2);
    await studio.screenshot('run-children');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await runs.filter({ hasText: '[0]' }).getByRole('link').click();
    await page.getByText('Started by node fan [0] of').getByRole('link', { name: 'A parent' }).waitFor();
    await page.getByRole(...button('Decide')).click();
    await studio.screenshot('run-child-decide');
    await page
      .getByRole('dialog')
      .getByRole(...button('Approve'))
      .click();
    await page.locator('.weft-run__title').getByText('Succeeded').waitFor();
    await page.getByRole('link', { name: 'A parent' }).click();
    await page.getByRole('treeitem', { name: 'fan' }).click();
    await page.getByRole('tab', { name: 'Runs' }).click();
    await runs.filter({ hasText: '[0]' }).getByText('Succeeded').waitFor();
    await runs.filter({ hasText: '[1]' }).getByText('Waiting').waitFor();
  });

  test('the forms of what waits are drawn from their definitions, and workflows are proposed', async () => {
    await weft.query(
      'mutation ($input: WorkflowInput!) { workflowUpsert(key: "proposed", input: $input) { userErrors { code } } }',
      {
        input: { name: 'Proposed', nodes: [ask()] },
      },
    );
    const types = [
      { key: 'sub', type: 'subworkflow', config: { workflow: 'proposed' } },
      { key: 'again', type: 'repeat', config: { workflow: 'proposed', until: 'count = 2' } },
      { key: 'wait', type: 'delay', config: { durationMs: 60_000 } },
      ask({ form }),
    ];
    const id = await weft.createWorkflow({ name: 'Forms', nodes: types });
    await using studio = await browser.open(server, { path: `/workflows/${id}?node=sub` });
    const { page } = studio;
    const workflow = page.getByRole('combobox', { name: /^Workflow/ });
    expect(await workflow.inputValue()).toBe('proposed');
    await page.locator('datalist option[value="proposed"]').waitFor({ state: 'attached' });
    await page.getByRole('checkbox', { name: 'Wait for its end' }).waitFor();
    await studio.screenshot('form-subworkflow');
    expect(await studio.accessibilityFaults()).toEqual([]);
    for (const [key, field] of [
      ['again', /^Until/],
      ['wait', /^Duration/],
      ['ask', /^Title/],
    ] as const) {
      await page.locator(`.weft-canvas [data-node-key="${key}"]`).click();
      await page.getByLabel(field).first().waitFor();
      await studio.screenshot(`form-${key}`);
    }
    await page.locator('.weft-palette__item').getByText('Approval').waitFor();
  });

  test('a run whose failure waits for somebody says so, and goes on from its page once the workflow is mended', async () => {
    const report = (expression: string) => ({
      name: 'Parked',
      onFailure: 'PARK',
      nodes: [{ key: 'total', type: 'transform', config: { expression } }],
      edges: [],
    });
    const workflowId = await weft.createWorkflow(report('$error("The sheet is empty")'));
    const id = await begin(workflowId, [1, 2]);
    await weft.query(
      'mutation ($id: ID!, $input: WorkflowInput!) { workflowUpdate(id: $id, input: $input) { userErrors { message } } }',
      { id: workflowId, input: report('$sum(input)') },
    );
    await using studio = await browser.open(server, { path: `/runs/${id}` });
    const { page } = studio;
    await page.getByText('for somebody to mend what failed').first().waitFor();
    await page.getByRole('region', { name: 'Why it failed' }).getByText('The sheet is empty').waitFor();
    await page.getByRole('button', { name: 'Go on otherwise' }).waitFor();
    await studio.screenshot('parked-failure');
    await page.getByRole('button', { name: 'Go on with the latest version' }).click();
    await page.getByText('Succeeded').first().waitFor();
    expect(await studio.accessibilityFaults()).toEqual([]);
  });
});
