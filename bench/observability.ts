/**
 * What metrics and traces cost of the server's CPU for an execution, found in two ways.
 *
 * In a profile of a server that has both: each sample counts for metrics or traces where their code is on its stack. That
 * holds on a busy machine too; what their garbage costs to collect is not in it.
 *
 * In turns: three servers with a database each, with neither, with metrics, and with traces of every execution, so that
 * whatever the machine does meets all of them. A ratio is the median of the rounds' own. Metrics are scraped after each
 * 15 s of running, and what a scrape costs is measured by itself as well.
 *
 * `npm run bench -- observability profile`, or `turns`, does one of the two.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../server/db/embedded-postgres.ts';
import { makeLogger } from '../server/shared/logger.ts';
import { projectRoot } from '../server/shared/paths.ts';
import { connect } from '../test/support/sql.ts';
import { WeftClient } from '../test/support/weft-client.ts';
import { startWeft, type WeftServer, type WeftServerOptions } from '../test/support/weft-server.ts';
import { cpuOf } from './support/cpu-of.ts';
import { microsByPart, nowMicros, profileInto } from './support/cpu-profile.ts';
import { percentile } from './support/measure.ts';

const ROUNDS = 15;
const EXECUTIONS = 200;
const PROFILED = 2_000;
const LANES = 8;
const SCRAPES = 100;
const SCRAPE_SECONDS = 15;

const workflows = {
  'one output node': [{ key: 'out', type: 'output', config: { value: 1 } }],
  'one Python node': [{ key: 'work', type: 'python', config: { code: 'result = 1' } }],
};

await using stack = new AsyncDisposableStack();
const folder = mkdtempSync(join(tmpdir(), 'weft-observability-'));
stack.defer(() => rmSync(folder, { recursive: true, force: true }));
const postgres = stack.use(
  await startEmbeddedPostgres({ dataFolder: join(folder, 'data'), logger: makeLogger('warn') }),
);
const receiver = await openReceiver();
const METRICS = { WEFT_METRICS: 'true' };
const TRACES = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
const sides = {
  neither: await openSide('neither', {}),
  metrics: await openSide('metrics', { env: METRICS }),
  traces: await openSide('traces', { env: TRACES }),
};
type Side = keyof typeof sides;
const order = Object.keys(sides) as Side[];

/** What is called by these counts for them too. */
const OBSERVERS: readonly [part: string, file: RegExp][] = [
  ['metrics', /telemetry\/metrics|node_modules\/prom-client\//],
  [
    'traces',
    /telemetry\/(traces|trace-fold|span-exporter|sampler)|shared\/trace-context|node_modules\/@opentelemetry\//,
  ],
];
let names = 0;

const [only] = process.argv.slice(2);
/** How long the server with metrics has run executions since the last scrape. */
let unscrapedMs = 0;

for (const [what, nodes] of Object.entries(workflows)) {
  if (only !== 'turns') await printShares(what, nodes);
  if (only !== 'profile') await printCosts(what, nodes);
}
const scrapeMs = await costOfScrape();
console.log(
  `A scrape takes ${scrapeMs.toFixed(1)} ms of CPU: each ${SCRAPE_SECONDS} s ${((scrapeMs / SCRAPE_SECONDS / 1_000) * 100).toFixed(2)} % of a core.`,
);

async function printShares(what: string, nodes: object[]): Promise<void> {
  const profiles = mkdtempSync(join(folder, 'profile-'));
  // Not the bundle, in which a profile does not say where anything comes from.
  const side = await openSide(`profile${names++}`, {
    program: join(projectRoot, 'dist/server/main.js'),
    env: { ...METRICS, ...TRACES, NODE_OPTIONS: profileInto(profiles) },
  });
  const id = await side.weft.createWorkflow({ nodes });
  await runMany(side, id, EXECUTIONS);
  const from = nowMicros();
  await runMany(side, id, PROFILED);
  await receiver.silence();
  const to = nowMicros();
  await side.server.stop();
  const parts = microsByPart(profiles, { from, to }, ({ url }, inherited) => {
    const part = OBSERVERS.find(([, pattern]) => pattern.test(url))?.[0];
    return part ?? (inherited === 'metrics' || inherited === 'traces' ? inherited : 'all else');
  });
  const total = [...parts.values()].reduce((sum, each) => sum + each, 0);
  console.log(`\n${what}: a server with metrics and traces, profiled over ${PROFILED} executions`);
  console.table(
    [...parts].map(([part, micros]) => ({
      part,
      'µs an execution': Math.round(micros / PROFILED),
      '% of all': ((micros / total) * 100).toFixed(2),
    })),
  );
}

async function printCosts(what: string, nodes: object[]): Promise<void> {
  const ids = {} as Record<Side, string>;
  for (const side of order) {
    ids[side] = await sides[side].weft.createWorkflow({ nodes });
    await runMany(sides[side], ids[side], EXECUTIONS);
  }
  const spansBefore = receiver.bytes;
  const rounds: Record<Side, number>[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const costs = {} as Record<Side, number>;
    // Each goes first as often as the others.
    for (let turn = 0; turn < order.length; turn += 1) {
      const side = order[(round + turn) % order.length]!;
      costs[side] = await costOfRound(side, ids[side]);
    }
    rounds.push(costs);
  }
  console.log(
    `\n${what}, ${LANES} lanes, µs of the server's CPU an execution, ${ROUNDS} rounds of ${EXECUTIONS}`,
  );
  console.table(
    order.map((side) => {
      const ratios = rounds.map((costs) => costs[side] / costs.neither);
      return {
        with: side,
        µs: Math.round(
          percentile(
            rounds.map((costs) => costs[side]),
            50,
          ),
        ),
        'to neither': percentile(ratios, 50).toFixed(3),
        quartiles: [25, 75].map((at) => percentile(ratios, at).toFixed(3)).join('–'),
      };
    }),
  );
  const sent = (receiver.bytes - spansBefore) / (ROUNDS * EXECUTIONS);
  console.log(`An execution's spans are ${Math.round(sent)} bytes on their way to the receiver.`);
}

/** Microseconds of CPU an execution, until all of its spans have been sent. */
async function costOfRound(side: Side, workflowId: string): Promise<number> {
  const { server } = sides[side];
  const before = cpuOf(server.pid);
  const startedAt = performance.now();
  await runMany(sides[side], workflowId, EXECUTIONS);
  unscrapedMs += side === 'metrics' ? performance.now() - startedAt : 0;
  if (unscrapedMs >= SCRAPE_SECONDS * 1_000) {
    unscrapedMs = 0;
    await scrape();
  }
  await receiver.silence(); // of all: what an idle server does is the same for each
  const { user, system } = cpuOf(server.pid);
  return ((user + system - before.user - before.system) / EXECUTIONS) * 1e6;
}

async function runMany({ weft }: OpenSide, workflowId: string, count: number): Promise<void> {
  let left = count;
  const lane = async () => {
    while (left-- > 0) for await (const _ of weft.events(await weft.start(workflowId)));
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function scrape(): Promise<void> {
  const response = await fetch(new URL('/metrics', sides.metrics.server.url));
  if (!response.ok) throw new Error(`Expected metrics, got ${response.status}`);
  await response.text();
}

/** Milliseconds of CPU. */
async function costOfScrape(): Promise<number> {
  const { pid } = sides.metrics.server;
  const before = cpuOf(pid);
  for (let each = 0; each < SCRAPES; each += 1) await scrape();
  const { user, system } = cpuOf(pid);
  return ((user + system - before.user - before.system) / SCRAPES) * 1e3;
}

interface OpenSide {
  server: WeftServer;
  weft: WeftClient;
}

async function openSide(name: string, options: WeftServerOptions): Promise<OpenSide> {
  {
    await using sql = await connect(postgres.url);
    await sql.query(`CREATE DATABASE ${name}`);
  }
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  const server = stack.use(await startWeft({ databaseUrl: url.href, ...options }));
  return { server, weft: stack.use(new WeftClient(server.url, undefined, 60_000)) };
}

/** Takes spans as a collector does, and forgets them. */
async function openReceiver() {
  /** Spans go together for so long (telemetry/traces.ts), and then some. */
  const QUIET_MS = 1_500;
  let last = performance.now();
  const taken = {
    url: '',
    bytes: 0,
    /** Resolves when no more spans come. */
    async silence() {
      last = performance.now();
      while (performance.now() - last < QUIET_MS)
        await new Promise((resolve) => setTimeout(resolve, QUIET_MS / 10));
    },
  };
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => {
      taken.bytes += chunk.length;
    });
    request.on('end', () => {
      last = performance.now();
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  taken.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return taken;
}
