import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { projectRoot } from '../../server/shared/paths.ts';
import { eventually } from '../support/eventually.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const token = 'a-token-of-the-tests';
const stack = new AsyncDisposableStack();
let server: WeftServer;
let weft: WeftClient;

beforeAll(async () => {
  const { url: databaseUrl } = stack.use(await createDatabase());
  server = stack.use(await startWeft({ databaseUrl, env: { WEFT_METRICS: 'true', WEFT_API_TOKEN: token } }));
  weft = stack.use(new WeftClient(server.url, token));
});
afterAll(() => stack.disposeAsync());

const scrape = (url = server.url, authorization = `Bearer ${token}`) =>
  fetch(new URL('/metrics', url), { headers: authorization === '' ? {} : { authorization } });

/** Values by the name of the series, with its labels. */
async function read(url = server.url): Promise<Map<string, number>> {
  const response = await scrape(url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(/\S+$/.exec(line)![0])]));
}

const cellsOf = (metrics: ReadonlyMap<string, number>) =>
  ['true', 'false'].reduce(
    (sum, ready) => sum + (metrics.get(`weft_cell_wait_seconds_count{ready="${ready}"}`) ?? 0),
    0,
  );

test('what the server does is counted: executions, nodes, sandboxes, commits, events and subscribers', async () => {
  await weft.allEvents(await weft.runPython('0')); // What checks code has a sandbox of its own, from the first run on.
  const before = await read();
  const waiting = await weft.createWorkflow({
    nodes: [{ key: 'wait', type: 'delay', config: { durationMs: 3_600_000 } }],
  });
  const id = await weft.start(waiting);
  await weft.event(id, ({ __typename }) => __typename === 'ExecutionWaiting');
  for (const code of ['result = 1', 'result = 2', '1 / 0']) await weft.allEvents(await weft.runPython(code));

  await eventually(
    'the ends are counted',
    async () => (await read()).get('weft_executions_ended_total{status="FAILED"}') === 1,
  );
  const metrics = await read();
  const expected = {
    'weft_executions{status="WAITING"}': 1,
    'weft_executions{status="QUEUED"}': 0,
    weft_queue_age_seconds: 0,
    'weft_executions_ended_total{status="SUCCEEDED"}': 3,
    'weft_journal_events_total{type="NodeFailed"}': 1,
    'weft_node_duration_seconds_count{type="python",outcome="succeeded"}': 3,
    'weft_node_duration_seconds_count{type="python",outcome="failed"}': 1,
    'weft_node_duration_seconds_count{type="delay",outcome="waiting"}': 1,
  };
  expect(Object.fromEntries(Object.keys(expected).map((name) => [name, metrics.get(name)]))).toEqual(
    expected,
  );
  expect(cellsOf(metrics) - cellsOf(before)).toBe(3);
  expect(metrics.get('weft_journal_commit_seconds_count')).toBeGreaterThan(0);
  expect(metrics.get('weft_database_connections{state="busy"}')).toBeGreaterThanOrEqual(0);
  expect(metrics.get('process_resident_memory_bytes')).toBeGreaterThan(0);
  await weft.cancel(id);
});

test('subscriptions are counted while they are open, and the lag of what is new to them', async () => {
  const id = await weft.runPython('import time\nprint("on", flush=True)\ntime.sleep(60)');
  const watched = weft.events(id)[Symbol.asyncIterator]();
  await watched.next();
  expect((await read()).get('weft_subscriptions')).toBe(1);
  await weft.event(id, ({ __typename }) => __typename === 'NodeOutput');
  await weft.cancel(id, 'FORCE');
  for (let next = await watched.next(); !next.done; ) next = await watched.next();
  await eventually('it is closed', async () => (await read()).get('weft_subscriptions') === 0);
  expect((await read()).get('weft_event_lag_seconds_count')).toBeGreaterThan(0);
});

test('each metric is on its page, and the dashboard and the alerts use none that is not there', async () => {
  const text = await (await scrape()).text();
  const there = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name!));
  const page = await readFile(join(projectRoot, 'docs/metrics.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `(weft_\w+)`/gm)].map(([, name]) => name!);
  expect(documented.toSorted()).toEqual([...there].filter((name) => name.startsWith('weft_')).sort());

  const dashboard = JSON.parse(await readFile(join(projectRoot, 'deploy/grafana/weft.json'), 'utf8'));
  const rules = parse(await readFile(join(projectRoot, 'deploy/prometheus/weft-alerts.yaml'), 'utf8'));
  const expressions: string[] = [
    ...dashboard.panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
      targets.map(({ expr }) => expr),
    ),
    ...rules.groups.flatMap((group: { rules: { expr: string }[] }) => group.rules.map(({ expr }) => expr)),
  ];
  expect(expressions.length).toBeGreaterThan(15);
  const used = expressions.flatMap((each) => each.match(/\b(?:weft|process|nodejs)_\w+/g) ?? []);
  const families = used.map((name) => name.replace(/_(bucket|count|sum)$/, ''));
  expect([...new Set(families)].filter((name) => !there.has(name))).toEqual([]);
});

test('who may not read everything gets no metrics', async () => {
  expect((await scrape(server.url, '')).status).toBe(401);
  expect((await scrape(server.url, 'Bearer wrong')).status).toBe(401);
  const make = async (input: object) => {
    const { tokenCreate } = await weft.query<{ tokenCreate: { secret: string } }>(
      'mutation ($input: TokenCreateInput!) { tokenCreate(input: $input) { secret userErrors { message } } }',
      { input },
    );
    return `Bearer ${tokenCreate.secret}`;
  };
  await weft.createWorkflow({ name: 'Mine', nodes: [{ key: 'in', type: 'input' }] });
  const limited = await make({ name: 'limited', scopes: ['READ'], workflowKeys: ['mine'] });
  expect((await scrape(server.url, limited)).status).toBe(403);
  const reader = { name: 'reader', scopes: ['READ'] };
  expect((await scrape(server.url, await make(reader))).status).toBe(403);
  expect((await scrape(server.url, await make({ ...reader, allProjects: true }))).status).toBe(200);
});

test('a server that is not asked to count has no metrics', async () => {
  const { url: databaseUrl } = stack.use(await createDatabase());
  const other = stack.use(await startWeft({ databaseUrl, env: { WEFT_ROLES: 'api' } }));
  expect((await scrape(other.url, '')).status).toBe(404);
});
