import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { untilNotified } from '../support/until-notified.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let databaseUrl: string;
let weft: WeftClient;
let webhookCalls = 0;
const delivered = Promise.withResolvers<{ type: string; subject: string; violations: number }>();

beforeAll(async () => {
  // A webhook that is down at first: the alert must be posted again.
  const webhook = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      response.writeHead(++webhookCalls === 1 ? 503 : 204).end();
      if (webhookCalls > 1) delivered.resolve(JSON.parse(body));
    });
  });
  await once(webhook.listen(0, '127.0.0.1'), 'listening');
  stack.defer(() => void webhook.close());
  databaseUrl = stack.use(await createDatabase()).url;
  const env = {
    WEFT_ALERT_VIOLATIONS: '3',
    WEFT_ALERT_WEBHOOK_URL: `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`,
  };
  const server = stack.use(await startWeft({ databaseUrl, env }));
  weft = stack.use(new WeftClient(server.url));
});
afterAll(async () => {
  await stack.disposeAsync();
});

const CODE = 'x = 1\nimport subprocess';
/** The mode is a variable, so that only the runtime wall can find it. */
const AT_RUN_TIME = 'mode = "w"\nopen("/etc/passwd", mode)';
const LIST = `query ($filter: SecurityViolationFilter, $first: Int, $after: String) {
  securityViolations(filter: $filter, first: $first, after: $after) {
    nodes { sequence nodeKey codeHash principal occurredAt execution { id } violation { code rule layer message line } }
    pageInfo { hasNextPage endCursor }
  }
}`;

interface Listed {
  securityViolations: {
    nodes: { execution: { id: string }; violation: { rule: string } }[];
    pageInfo: { hasNextPage: boolean; endCursor: string };
  };
}

const workflowOf = (code: string) =>
  weft.createWorkflow({ nodes: [{ key: 'py', type: 'python', config: { code } }] });

test('a violation is in the journal, in the audit trail and in the live subscription, and fails the run', async () => {
  const live = weft.subscribe<{ securityViolationAdded: { execution: { id: string } } }>(
    'subscription { securityViolationAdded { sequence nodeKey execution { id } violation { rule } } }',
  );
  const runs = new Map<string, { workflowId: string; events: WatchedEvent[] }>();
  const added = await untilNotified(live.next(), async () => {
    const workflowId = await workflowOf(CODE);
    const id = await weft.start(workflowId);
    runs.set(id, { workflowId, events: await weft.allEvents(id) });
  });
  const { id } = added.value.data.securityViolationAdded.execution;
  const { workflowId, events } = runs.get(id)!;
  expect(events.at(-1)!.error).toMatchObject({ code: 'PYTHON_SECURITY_ERROR', line: 2 });
  const { sequence } = events.find(({ __typename }) => __typename === 'SecurityViolation')!;

  const { securityViolations } = await weft.query<Listed>(LIST, { filter: { workflowId } });
  expect(securityViolations.nodes).toMatchObject([
    {
      sequence,
      nodeKey: 'py',
      principal: 'anonymous',
      codeHash: createHash('sha256').update(CODE).digest('hex'),
      execution: { id },
      violation: { code: 'PYTHON_SECURITY_ERROR', layer: 'STATIC', line: 2 },
    },
  ]);
  expect(added.value.data.securityViolationAdded).toMatchObject({ sequence, nodeKey: 'py' });
  await live.return!();
});

test('a subscriber gets what happened while its replica could not reach the database', async () => {
  await using toDatabase = await startTcpProxy(databaseUrl);
  await using elsewhere = await startWeft({ databaseUrl: toDatabase.url, env: { WEFT_ROLES: 'api' } });
  await using subscriber = new WeftClient(elsewhere.url);
  const workflowId = await workflowOf(CODE);
  const live = subscriber.subscribe<{ securityViolationAdded: { execution: { id: string } } }>(
    'subscription ($workflowId: ID) { securityViolationAdded(workflowId: $workflowId) { execution { id } } }',
    { workflowId },
  );
  const added = live.next();
  const looked = Promise.withResolvers<void>();
  toDatabase.manners = (sent) => {
    if (sent.includes('security_violations')) looked.resolve();
    return 'refuse';
  };
  await looked.promise;
  const id = await weft.start(workflowId);
  await weft.allEvents(id);
  toDatabase.manners = () => 'pass';
  expect((await added).value).toMatchObject({ data: { securityViolationAdded: { execution: { id } } } });
  await live.return!();
});

test('the audit trail is read page by page and narrowed by rule', async () => {
  const workflowId = await workflowOf('import socket\neval("1")');
  await weft.allEvents(await weft.start(workflowId));
  const first = (await weft.query<Listed>(LIST, { filter: { workflowId }, first: 1 })).securityViolations;
  expect(first.pageInfo.hasNextPage).toBe(true);
  const second = (
    await weft.query<Listed>(LIST, { filter: { workflowId }, first: 1, after: first.pageInfo.endCursor })
  ).securityViolations;
  expect(second.pageInfo.hasNextPage).toBe(false);
  const rules = [first, second].map(({ nodes }) => nodes[0]!.violation.rule);
  expect(new Set(rules).size).toBe(2);
  const { securityViolations } = await weft.query<Listed>(LIST, { filter: { workflowId, rule: rules[0] } });
  expect(securityViolations.nodes).toHaveLength(1);
});

test('the audit trail is narrowed by time', async () => {
  const workflowId = await workflowOf(CODE);
  await weft.allEvents(await weft.start(workflowId));
  const all = (await weft.query<Listed>(LIST, { filter: { workflowId } })).securityViolations.nodes;
  const { occurredAt } = all[0] as unknown as { occurredAt: string };
  const count = async (bounds: object) =>
    (await weft.query<Listed>(LIST, { filter: { workflowId, ...bounds } })).securityViolations.nodes.length;
  expect(await count({ occurredFrom: occurredAt })).toBe(1);
  expect(await count({ occurredBefore: occurredAt })).toBe(0);
  const later = new Date(Date.parse(occurredAt) + 1).toISOString();
  expect(await count({ occurredFrom: occurredAt, occurredBefore: later })).toBe(1);
  expect(await count({ occurredFrom: later })).toBe(0);
});

test('a violation has the severity of its wall, in the journal, in the audit trail and in its filters', async () => {
  const severitiesOf = async (code: string) => {
    const workflowId = await workflowOf(code);
    const events = await weft.allEvents(await weft.start(workflowId));
    const listed = async (filter: object) => {
      const { securityViolations } = await weft.query<{
        securityViolations: { nodes: { severity: string }[] };
      }>(
        `query ($filter: SecurityViolationFilter) { securityViolations(filter: $filter) { nodes { severity } } }`,
        { filter: { workflowId, ...filter } },
      );
      return securityViolations.nodes.map(({ severity }) => severity);
    };
    return {
      journal: events.filter(({ __typename }) => __typename === 'SecurityViolation').map((e) => e.severity),
      all: await listed({}),
      low: await listed({ severity: 'LOW' }),
      fromMedium: await listed({ minSeverity: 'MEDIUM' }),
      contradictory: await listed({ severity: 'LOW', minSeverity: 'MEDIUM' }),
    };
  };
  expect(await severitiesOf(CODE)).toEqual({
    journal: ['LOW'],
    all: ['LOW'],
    low: ['LOW'],
    fromMedium: [],
    contradictory: [],
  });
  expect(await severitiesOf(AT_RUN_TIME)).toEqual({
    journal: ['MEDIUM'],
    all: ['MEDIUM'],
    low: [],
    fromMedium: ['MEDIUM'],
    contradictory: [],
  });
});

test('mistakes that the static wall finds raise no alert, however many there are', async () => {
  const workflowId = await workflowOf('import os\nimport os\nimport os\nimport os\nimport os');
  const types = [];
  for (let n = 0; n < 2; n++)
    types.push(...(await weft.allEvents(await weft.start(workflowId))).map(({ __typename }) => __typename));
  expect(types.filter((type) => type === 'SecurityViolation')).toHaveLength(10);
  expect(types).not.toContain('SecurityAlert');
});

test('the error handle may take a violation like any other failure', async () => {
  const nodes = [
    { key: 'py', type: 'python', config: { code: CODE } },
    { key: 'caught', type: 'transform', config: { expression: 'input.error.code' } },
  ];
  const id = await weft.run(nodes, [{ source: 'py', sourceHandle: 'error', target: 'caught' }]);
  expect((await weft.allEvents(id)).at(-1)).toMatchObject({
    __typename: 'ExecutionSucceeded',
    output: 'PYTHON_SECURITY_ERROR',
  });
});

test('nobody can change the audit trail, not even with SQL', async () => {
  const sql = new pg.Client({ connectionString: databaseUrl });
  await sql.connect();
  for (const statement of [
    'DELETE FROM security_violations',
    `UPDATE security_violations SET rule = 'none'`,
    'TRUNCATE security_violations',
  ]) {
    await expect(sql.query(statement)).rejects.toThrow(/append-only/);
  }
  await sql.end();
});

test('repeated violations raise one alert: in the journal, and at the webhook once it is up again', async () => {
  const workflowId = await workflowOf(AT_RUN_TIME);
  const runs = [];
  for (let n = 0; n < 5; n++) {
    const events = await weft.allEvents(await weft.start(workflowId));
    runs.push(events.filter(({ __typename }) => __typename === 'SecurityAlert').length);
  }
  expect(runs).toEqual([0, 0, 1, 0, 0]);
  expect(await delivered.promise).toMatchObject({
    type: 'security-alert',
    subject: workflowId,
    violations: 3,
  });
  const { securityAlerts } = await weft.query<{ securityAlerts: { nodes: object[] } }>(
    '{ securityAlerts(first: 1) { nodes { violations windowSeconds raisedAt execution { workflow { id } } } } }',
  );
  expect(securityAlerts.nodes).toMatchObject([
    { violations: 3, execution: { workflow: { id: workflowId } } },
  ]);
});

test('pythonCheck refuses code that no node could have', async () => {
  const query = 'query ($code: String!) { pythonCheck(code: $code) { ok } }';
  await expect(weft.query(query, { code: ' '.repeat(1_000_001) })).rejects.toThrow(
    'Expected `code` of at most 1000000 characters, got 1000001.',
  );
});

test('pythonCheck reports all findings at once', async () => {
  const { pythonCheck } = await weft.query<{ pythonCheck: object }>(
    'query ($code: String!) { pythonCheck(code: $code) { ok violations { rule message line column } } }',
    { code: 'import os\nx = eval("1")\ny = 2' },
  );
  expect(pythonCheck).toMatchObject({
    ok: false,
    violations: [
      { line: 1, column: 1 },
      { line: 2, column: 5 },
    ],
  });
});
