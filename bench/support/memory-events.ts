/**
 * A bare graphql-ws server in a process of its own, whose subscription sends so many events from memory. Prints its port.
 * The first argument says how its answers come to be: `resolved` by graphql-js, whose values are in memory, or `ready`,
 * whose answers are in memory and only become text. The second one is the number of events.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ExecutionArgs, subscribe } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { buildSchema } from '../../server/graphql/build-schema.ts';

const BATCH = 1_000;
const [kind, events] = process.argv.slice(2);

const batches = Array.from({ length: Number(events) / BATCH }, (_, batch) => ({
  events: Array.from({ length: BATCH }, (_, n) => ({
    type: 'NodeOutput',
    executionId: 'exec_01a2b3c4-d5e6-7f80-9123-456789abcdef',
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
const follow = async function* () {
  yield* batches;
};

const http = createServer();
useServer(
  {
    schema: await buildSchema(),
    context: () => ({ weft: { executions: { follow } } }),
    subscribe: kind === 'resolved' ? subscribe : readyAnswers,
  },
  new WebSocketServer({ server: http, path: '/graphql' }),
);
http.listen(0, '127.0.0.1');
await once(http, 'listening');
console.log((http.address() as AddressInfo).port);

/** The same answers every time; the first subscription has graphql-js make them. */
let ready: object[] | undefined;
async function* readyAnswers(args: ExecutionArgs) {
  if (ready === undefined) {
    ready = [];
    const source = await subscribe({ ...args });
    if (!(Symbol.asyncIterator in source)) throw new Error(JSON.stringify(source));
    for await (const result of source) ready.push(result);
  }
  yield* ready;
}
