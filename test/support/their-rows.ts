import type { Caller } from './api-caller.ts';
import { eventually } from './eventually.ts';
import type { WeftClient } from './weft-client.ts';

/** In all that belongs to the workflow of somebody else. */
export const MARKER = 'theirs-4711';

/** What somebody has of each kind: their ids. */
export interface Theirs {
  key: string;
  id: string;
  executionId: string;
  waitingId: string;
  artifactId: string;
  approvalId: string;
  scheduleId: string;
  webhookId: string;
  endpointId: string;
}

export async function makeTheirs(weft: WeftClient, admin: Caller): Promise<Theirs> {
  const theirs: Theirs = {
    ...{ key: 'theirs', id: '', executionId: '', waitingId: '', artifactId: '' },
    ...{ approvalId: '', scheduleId: '', webhookId: '', endpointId: '' },
  };
  theirs.id = await upsert(admin, theirs.key, {
    name: MARKER,
    nodes: [
      { key: 'in', type: 'input' },
      {
        key: 'work',
        type: 'python',
        config: { code: `save_artifact('${MARKER}.txt', '${MARKER}')\nprint('${MARKER}')\nimport os` },
      },
      { key: 'out', type: 'output' },
    ],
    edges: [
      { source: 'in', target: 'work' },
      { source: 'in', target: 'out' },
      { source: 'work', sourceHandle: 'error', target: 'out' },
    ],
  });
  const asking = await upsert(admin, 'theirs-asking', {
    name: MARKER,
    nodes: [
      { key: 'in', type: 'input' },
      { key: 'ask', type: 'approval', config: { title: MARKER } },
    ],
    edges: [{ source: 'in', target: 'ask' }],
  });
  theirs.executionId = await weft.start(theirs.id, { of: MARKER });
  theirs.waitingId = await weft.start(asking, { of: MARKER });
  await weft.allEvents(theirs.executionId);
  await weft.event(theirs.waitingId, ({ __typename }) => __typename === 'ExecutionWaiting');
  const { data } = await admin.send('{ approvals { nodes { id } } }');
  theirs.approvalId = data.approvals.nodes[0].id;
  const saved = await admin.send('query ($id: ID!) { execution(id: $id) { artifacts { id } } }', {
    id: theirs.executionId,
  });
  theirs.artifactId =
    saved.data.execution.artifacts[0]?.id ??
    ((await (await admin.upload(`${MARKER}.txt`, MARKER)).json()) as { id: string }).id;
  const created = await admin.send(
    `mutation ($id: ID!) { scheduleCreate(input: { workflowId: $id, name: "${MARKER}", intervalMs: 86400000 }) { schedule { id } } }`,
    { id: theirs.id },
  );
  theirs.scheduleId = created.data.scheduleCreate.schedule.id;
  const hooked = await admin.send(
    `mutation ($id: ID!) { webhookCreate(input: { workflowId: $id, name: "${MARKER}" }) { webhook { id } } }`,
    { id: theirs.id },
  );
  theirs.webhookId = hooked.data.webhookCreate.webhook.id;
  const sent = await admin.send(
    `mutation { webhookEndpointCreate(input: { url: "https://example.com/", name: "${MARKER}", isEnabled: false }) { webhookEndpoint { id } userErrors { message } } }`,
  );
  theirs.endpointId = sent.data.webhookEndpointCreate.webhookEndpoint.id;
  // Transactions of other tests, on the same Postgres, may hold the feed back.
  await eventually('the feed has theirs', async () =>
    (await admin.send('{ changeList { changes { execution { input } } } }')).text.includes(MARKER),
  );
  return theirs;
}

export async function upsert(caller: Caller, key: string, input: object): Promise<string> {
  const { data, text } = await caller.send(
    'mutation ($key: String!, $input: WorkflowInput!) { workflowUpsert(key: $key, input: $input) { workflow { id } userErrors { code message } } }',
    { key, input },
  );
  if (!data?.workflowUpsert.workflow) throw new Error(text);
  return data.workflowUpsert.workflow.id;
}

/** All that a client can read of what somebody has. */
export function readsOf(theirs: Theirs): { query: string; variables: object }[] {
  const execution =
    'id status input output error { message } nodeExecutions { nodeKey output error { message } } artifacts { name url } events { nodes { __typename ... on NodeOutput { text } ... on ExecutionQueued { sequence } } } workflow { name } version { nodes { config } } children { nodes { id } }';
  const workflow =
    'id key name latestVersion { nodes { config } } versions { nodes { nodes { config } } } executions { nodes { input } }';
  const { id, key, executionId, waitingId, artifactId, approvalId, scheduleId, webhookId, endpointId } =
    theirs;
  return [
    ['query ($id: ID!) { workflow(id: $id) { WF } }', { id }],
    ['query ($key: String!) { workflow(key: $key) { WF } }', { key }],
    [
      'query ($key: String!) { workflowUpsertPlan(key: $key, input: { name: "x", nodes: [{ key: "in", type: "input" }] }) { workflow { WF } } }',
      { key },
    ],
    ['{ workflows { nodes { WF } } }', {}],
    ['{ workflows(filter: { search: "theirs" }) { nodes { WF } } }', {}],
    ['query ($id: ID!) { execution(id: $id) { EX } }', { id: executionId }],
    ['{ executions { nodes { EX } } }', {}],
    ['query ($id: ID!) { executions(filter: { workflowId: $id }) { nodes { EX } } }', { id }],
    ['query ($id: ID!) { executionExport(id: $id) }', { id: executionId }],
    ['query ($id: ID!) { node(id: $id) { ... on Workflow { WF } } }', { id }],
    ['query ($id: ID!) { node(id: $id) { ... on Execution { EX } } }', { id: executionId }],
    ['query ($id: ID!) { node(id: $id) { ... on Artifact { name } } }', { id: artifactId }],
    ['query ($id: ID!) { node(id: $id) { ... on Approval { title } } }', { id: approvalId }],
    ['query ($id: ID!) { node(id: $id) { ... on Schedule { name } } }', { id: scheduleId }],
    ['{ approvals { nodes { title execution { input } } } }', {}],
    ['query ($id: ID!) { approvals(filter: { executionId: $id }) { nodes { title } } }', { id: waitingId }],
    ['query ($id: ID!) { approval(id: $id) { title } }', { id: approvalId }],
    ['{ schedules { nodes { name workflow { name } } } }', {}],
    ['query ($id: ID!) { schedule(id: $id) { name firings { nodes { outcome } } } }', { id: scheduleId }],
    ['query ($id: ID!) { node(id: $id) { ... on Webhook { name } } }', { id: webhookId }],
    ['{ webhooks { nodes { name workflow { name } } } }', {}],
    ['query ($id: ID!) { webhook(id: $id) { name requests { reason } } }', { id: webhookId }],
    ['{ webhookEndpoints { nodes { name } } }', {}],
    ['query ($id: ID!) { webhookEndpoint(id: $id) { name } }', { id: endpointId }],
    ['query ($id: ID!) { node(id: $id) { ... on WebhookEndpoint { name } } }', { id: endpointId }],
    ['{ changeList { changes { executionId execution { input } } } }', {}],
    ['{ securityViolations { nodes { execution { input } } } }', {}],
    [
      'query ($id: ID!) { securityViolations(filter: { workflowId: $id }) { nodes { execution { input } } } }',
      { id },
    ],
  ].map(([query, variables]) => ({
    query: String(query).replace('WF', workflow).replace('EX', execution),
    variables: variables as object,
  }));
}
