/**
 * What an execution costs in CPU, by cause: the server's time by the part that spends it (from a profile of V8, each
 * sample counted for the nearest part on its stack), and Postgres beside it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../server/db/embedded-postgres.ts';
import { makeLogger } from '../server/shared/logger.ts';
import { projectRoot } from '../server/shared/paths.ts';
import { connect } from '../test/support/sql.ts';
import { WeftClient } from '../test/support/weft-client.ts';
import { startWeft } from '../test/support/weft-server.ts';
import { cpuOf } from './support/cpu-of.ts';
import { microsByPart, nowMicros, profileInto } from './support/cpu-profile.ts';
import { cpuOfTree, findPostmaster } from './support/process-tree.ts';

const EXECUTIONS = 300;
const WARM_UP = 100;
const LANES = 16;

const workflows = {
  'one output node': [{ key: 'out', type: 'output', config: { value: 1 } }],
  'one Python node': [{ key: 'work', type: 'python', config: { code: 'result = 1' } }],
};

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
const postmaster = await findPostmaster(stack.use(await connect(postgres.url)));
for (const [what, nodes] of Object.entries(workflows)) await printCosts(what, nodes);

async function printCosts(what: string, nodes: object[]): Promise<void> {
  const profiles = mkdtempSync(join(folder, 'profile-'));
  const env = { NODE_OPTIONS: profileInto(profiles) };
  // Not the bundle, in which a profile does not say where anything comes from.
  const program = join(projectRoot, 'dist/server/main.js');
  await using server = await startWeft({ databaseUrl: postgres.url, env, program });
  const { from, to, postgresCpu, serverCpu } = await run(server.url, server.pid, nodes);
  await server.stop();
  const parts = microsByPart(
    profiles,
    { from, to },
    ({ url }, inherited) => PARTS.find(([, pattern]) => pattern.test(url))?.[0] ?? inherited,
  );
  const total = [...parts.values()].reduce((sum, each) => sum + each, 0);
  // The shares of the samples, of what the process used: threads beside the first one have no samples.
  const rows = [...parts].sort((a, b) => b[1] - a[1]);
  console.log(
    `\n${what}: ${Math.round((EXECUTIONS / (to - from)) * 1e6)} executions/s, ${LANES} lanes, µs of CPU an execution`,
  );
  console.table([
    ...rows.map(([part, micros]) => ({ part, µs: Math.round((micros / total) * serverCpu) })),
    { part: 'the server in all', µs: Math.round(serverCpu) },
    { part: 'Postgres', µs: Math.round(postgresCpu) },
  ]);
}

async function run(url: string, pid: number, nodes: object[]) {
  await using weft = new WeftClient(url, undefined, 60_000);
  const id = await weft.createWorkflow({ nodes });
  await startMany(weft, id, WARM_UP);
  const [server, database, from] = [cpuOf(pid), cpuOfTree(postmaster), nowMicros()];
  await startMany(weft, id, EXECUTIONS);
  const to = nowMicros();
  const after = cpuOf(pid);
  const seconds = after.user + after.system - server.user - server.system;
  return {
    from,
    to,
    serverCpu: (seconds / EXECUTIONS) * 1e6,
    postgresCpu: ((cpuOfTree(postmaster) - database) / EXECUTIONS) * 1e6,
  };
}

async function startMany(weft: WeftClient, workflowId: string, count: number): Promise<void> {
  let left = count;
  const lane = async () => {
    while (left-- > 0) for await (const _ of weft.events(await weft.start(workflowId)));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
