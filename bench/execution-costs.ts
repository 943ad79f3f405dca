/**
 * How many executions a second a server ends, client and Postgres beside it, for so many clients that start one after the
 * other; and what an execution costs in CPU, by cause: the server's time by the part that spends it (from a profile of
 * V8, each sample counted for the nearest part on its stack), and Postgres beside it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../server/db/embedded-postgres.ts';
import { makeLogger } from '../server/shared/logger.ts';
import { projectRoot } from '../server/shared/paths.ts';
import { connect } from '../test/support/sql.ts';
import { WeftClient } from '../test/support/weft-client.ts';
import { startWeft, type WeftServer } from '../test/support/weft-server.ts';
import { BASELINE_TABLE, commitsPerSecond } from './support/bench-server.ts';
import { cpuOf } from './support/cpu-of.ts';
import { microsByPart, nowMicros, profileInto } from './support/cpu-profile.ts';
import { cpuOfTree, findPostmaster } from './support/process-tree.ts';

/** By the nodes of the workflow: how many executions are counted, and for how many clients at once. */
const KINDS = {
  'one output node': {
    nodes: [{ key: 'out', type: 'output', config: { value: 1 } }],
    executions: 3_000,
    lanes: [1, 16, 64],
  },
  'one Python node': {
    nodes: [{ key: 'work', type: 'python', config: { code: 'result = 1' } }],
    executions: 600,
    lanes: [1, 16],
  },
};
type Kind = (typeof KINDS)[keyof typeof KINDS];

/** What a socket is written with: whoever is woken by that may take the processor, so its time is not the server's alone. */
const WRITES: ReadonlySet<string> = new Set([
  'writev',
  'writeUtf8String',
  'writeLatin1String',
  'writeBuffer',
]);

const PROFILED_LANES = 16;

/** The first that matches a frame of the stack, from the leaf on. */
const PARTS: readonly [part: string, file: RegExp][] = [
  [
    'HTTP',
    /server\/shared\/http|graphql\/transport\/(http|router|server)|@apollo|node:(_http|http|internal\/http)/,
  ],
  [
    'subscriptions',
    /graphql\/transport\/(ws|sse|subscribe|answer)|journal\/(follow|hub|missed)|node_modules\/(ws|graphql-ws)\//,
  ],
  ['GraphQL', /node_modules\/(graphql|type-graphql|class-validator|dataloader)\/|server\/graphql/],
  ['notify', /db\/listener/],
  ['queue', /engine\/queue|db\/boss|node_modules\/pg-boss/],
  ['commits (journal)', /journal\/(append|start|projection|recent)/],
  ['use cases', /server\/use-cases/],
  ['sandbox', /server\/sandbox/],
  ['expressions', /server\/(expressions|nodes)/],
  ['engine', /server\/engine/],
  ['database driver', /node_modules\/(pg|pg-pool|pg-protocol|typeorm)\//],
];

await using stack = new AsyncDisposableStack();
const folder = mkdtempSync(join(tmpdir(), 'weft-costs-'));
stack.defer(() => rmSync(folder, { recursive: true, force: true }));
const postgres = stack.use(
  await startEmbeddedPostgres({ dataFolder: join(folder, 'data'), logger: makeLogger('warn') }),
);
const sql = stack.use(await connect(postgres.url));
const postmaster = await findPostmaster(sql);
await sql.query(BASELINE_TABLE);
for (const [what, kind] of Object.entries(KINDS)) {
  await printRates(what, kind);
  await printCosts(what, kind);
}

async function printRates(what: string, kind: Kind): Promise<void> {
  const rows = [];
  for (const lanes of kind.lanes) {
    const commits = await commitsPerSecond({ sql });
    await using server = await startWeft({ databaseUrl: postgres.url });
    const { perSecond } = await run(server, kind, lanes);
    rows.push({
      'clients at once': lanes,
      'executions/s': Math.round(perSecond),
      'commits of one row/s': Math.round(commits),
      ratio: Number((perSecond / commits).toFixed(2)),
    });
  }
  console.log(`\n${what}: executions a second, beside commits on one connection`);
  console.table(rows);
}

async function printCosts(what: string, kind: Kind): Promise<void> {
  const profiles = mkdtempSync(join(folder, 'profile-'));
  const env = { NODE_OPTIONS: profileInto(profiles) };
  // Not the bundle, in which a profile does not say where anything comes from.
  const program = join(projectRoot, 'dist/server/main.js');
  await using server = await startWeft({ databaseUrl: postgres.url, env, program });
  const { from, to, postgresCpu, serverCpu } = await run(server, kind, PROFILED_LANES);
  await server.stop();
  const parts = microsByPart(profiles, { from, to }, ({ url, functionName }, inherited) =>
    url === '' && WRITES.has(functionName)
      ? 'written to sockets'
      : (PARTS.find(([, pattern]) => pattern.test(url))?.[0] ?? inherited),
  );
  const total = [...parts.values()].reduce((sum, each) => sum + each, 0);
  // The shares of the samples, of what the process used: threads beside the first one have no samples.
  const rows = [...parts].sort((a, b) => b[1] - a[1]);
  console.log(`\n${what}: ${PROFILED_LANES} clients at once, µs of CPU an execution`);
  console.table([
    ...rows.map(([part, micros]) => ({ part, µs: Math.round((micros / total) * serverCpu) })),
    { part: 'the server in all', µs: Math.round(serverCpu) },
    { part: 'Postgres', µs: Math.round(postgresCpu) },
  ]);
}

async function run({ url, pid }: WeftServer, { nodes, executions }: Kind, lanes: number) {
  await using weft = new WeftClient(url, undefined, 60_000);
  const id = await weft.createWorkflow({ nodes });
  await startMany(weft, id, executions / 3, lanes);
  const [server, database, from] = [cpuOf(pid), cpuOfTree(postmaster), nowMicros()];
  await startMany(weft, id, executions, lanes);
  const to = nowMicros();
  const after = cpuOf(pid);
  const seconds = after.user + after.system - server.user - server.system;
  return {
    from,
    to,
    perSecond: (executions / (to - from)) * 1e6,
    serverCpu: (seconds / executions) * 1e6,
    postgresCpu: ((cpuOfTree(postmaster) - database) / executions) * 1e6,
  };
}

async function startMany(weft: WeftClient, workflowId: string, count: number, lanes: number): Promise<void> {
  let left = count;
  const lane = async () => {
    while (left-- > 0) for await (const _ of weft.events(await weft.start(workflowId)));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
