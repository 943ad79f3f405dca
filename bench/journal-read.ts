/** One subscriber reading a long journal from the start, against graphql-ws sending the same batches from memory. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { buildSchema } from '../server/graphql/build-schema.ts';
import { WeftClient } from '../test/support/weft-client.ts';
import { makeLongJournal, openBenchServer } from './support/bench-server.ts';
import { round } from './support/measure.ts';

const EVENTS = 200_000;
const BATCH = 1_000;
const NEWLINE = '\n'.charCodeAt(0);
const SUBSCRIPTION = `subscription ($executionId: ID!) {
  executionEvents(executionId: $executionId) {
    endCursor caughtUp
    events { __typename sequence cursor occurredAt nodeKey attempt item ... on NodeOutput { stream text byteOffset truncated } }
  }
}`;

await using stack = new AsyncDisposableStack();
const server = await openBenchServer(stack);
const executionId = await makeLongJournal(server, EVENTS);

const memory = await openMemoryServer(stack);
const rates = { memory: await best(() => readAll(memory)), weft: await best(() => readAll(server.weft)) };
console.log(`\n${EVENTS} events to one subscriber, all fields of NodeOutput`);
console.table([
  {
    what: 'baseline: graphql-ws, the same batches from memory',
    'events/s': Math.round(rates.memory),
    'of the first': 1,
  },
  {
    what: 'Weft, from Postgres',
    'events/s': Math.round(rates.weft),
    'of the first': round(rates.weft / rates.memory),
  },
]);
console.log('Promise: at least 100,000 events/s, and at least half the rate of the baseline');

const lines = new URL(`/executions/${executionId}/events`, server.weft.url);
const text = await (await fetch(lines)).text();
const fromMemory = await serveText(stack, text);
const lineRates = {
  memory: await best(() => readLines(fromMemory)),
  weft: await best(() => readLines(lines)),
};
console.log(`\nthe same events as NDJSON, ${Math.round(text.length / 1_048_576)} MiB`);
console.table([
  {
    what: 'baseline: the same text from memory',
    'events/s': Math.round(lineRates.memory),
    'of the first': 1,
  },
  {
    what: 'Weft, from Postgres',
    'events/s': Math.round(lineRates.weft),
    'of the first': round(lineRates.weft / lineRates.memory),
  },
]);
console.log('Promise: at least 400,000 events/s');

/** Events per second. */
async function readLines(url: URL): Promise<number> {
  const startedAt = performance.now();
  let count = 0;
  for await (const chunk of (await fetch(url)).body!)
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) count += 1;
  if (count < EVENTS) throw new Error(`Expected ${EVENTS} lines, got ${count}`);
  return (count / (performance.now() - startedAt)) * 1_000;
}

async function serveText(opened: AsyncDisposableStack, body: string): Promise<URL> {
  const http = createServer((_request, response) => response.end(body));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  opened.defer(() => void http.close());
  return new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
}

/** Events per second. */
async function readAll(weft: WeftClient): Promise<number> {
  const startedAt = performance.now();
  let count = 0;
  for await (const { data, errors } of weft.subscribe<{ executionEvents: { events: unknown[] } }>(
    SUBSCRIPTION,
    { executionId },
  )) {
    if (errors) throw new Error(JSON.stringify(errors));
    count += data!.executionEvents.events.length;
  }
  if (count < EVENTS) throw new Error(`Expected ${EVENTS} events, got ${count}`);
  return (count / (performance.now() - startedAt)) * 1_000;
}

/** A server with the same schema, whose resolvers' values are already in memory. */
async function openMemoryServer(opened: AsyncDisposableStack): Promise<WeftClient> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, path: '/graphql' });
  const batches = Array.from({ length: EVENTS / BATCH }, (_, batch) => ({
    events: Array.from({ length: BATCH }, (_, n) => ({
      type: 'NodeOutput',
      executionId,
      sequence: batch * BATCH + n + 1,
      occurredAt: new Date(),
      nodeKey: 'python',
      attempt: 1,
      item: null,
      stream: 'STDOUT',
      text: `line ${batch * BATCH + n}\n`,
      byteOffset: 12 * n,
      truncated: false,
    })),
    endSequence: (batch + 1) * BATCH,
    caughtUp: false,
  }));
  const schema = await buildSchema();
  const weft = {
    executions: {
      async *follow() {
        yield* batches;
      },
    },
  };
  useServer({ schema, context: () => ({ weft }) }, sockets);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  opened.defer(() => {
    http.close();
    for (const socket of sockets.clients) socket.terminate();
  });
  return opened.use(new WeftClient(`http://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`));
}

async function best(measure: () => Promise<number>): Promise<number> {
  await measure();
  return Math.max(await measure(), await measure(), await measure());
}
