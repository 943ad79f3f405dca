/**
 * A long journal read from the start by one client: over a subscription, against graphql-ws sending the same batches from
 * memory in a process of its own, and as lines of JSON, against the same text from memory.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { startWeft } from '../test/support/weft-server.ts';
import { makeLongJournal, openBenchServer } from './support/bench-server.ts';
import { cpuOf } from './support/cpu-of.ts';
import { round } from './support/measure.ts';

const EVENTS = 200_000;
const ROUNDS = 5;
const SUBSCRIPTION = `subscription ($executionId: ID!) {
  executionEvents(executionId: $executionId) {
    endCursor caughtUp
    events { __typename sequence cursor occurredAt nodeKey attempt item ... on NodeOutput { stream text byteOffset truncated } }
  }
}`;

/** A server, and what of it is read. */
interface Source {
  what: string;
  pid: number;
  read: () => Promise<number>;
}

await using stack = new AsyncDisposableStack();
const server = await openBenchServer(stack);
const executionId = await makeLongJournal(server, EVENTS);
const uncompiled = stack.use(
  await startWeft({
    databaseUrl: server.databaseUrl,
    env: { WEFT_COMPILED_EVENTS: 'false', WEFT_ROLES: 'api' },
  }),
);
const resolved = await startMemoryServer('resolved');
const ready = await startMemoryServer('ready');

await compare(`${EVENTS} events to one subscriber, all fields of NodeOutput`, [
  { what: 'graphql-ws, batches from memory', ...subscriptionTo(resolved.pid, resolved.url) },
  { what: 'graphql-ws, answers from memory', ...subscriptionTo(ready.pid, ready.url) },
  {
    what: 'Weft, from Postgres, WEFT_COMPILED_EVENTS=false',
    ...subscriptionTo(uncompiled.pid, uncompiled.url),
  },
  { what: 'Weft, from Postgres', ...subscriptionTo(server.pid, server.weft.url) },
]);
console.log(
  'Promise: at least 150,000 events/s by the CPU of the server alone, and 0.8 of the first baseline',
);

const lines = new URL(`/executions/${executionId}/events`, server.weft.url);
const text = await (await fetch(lines)).text();
const fromMemory = await serveText(text);
await compare(`the same events as NDJSON, ${Math.round(text.length / 1_048_576)} MiB`, [
  { what: 'the same text from memory', pid: process.pid, read: () => countLines(fromMemory) },
  { what: 'Weft, from Postgres', pid: server.pid, read: () => countLines(lines) },
]);
console.log('Promise: at least 400,000 events/s');

/** Reads each in turn, so that all meet the same noise of the machine, and prints the best of each. */
async function compare(title: string, sources: readonly Source[]): Promise<void> {
  const best = sources.map(() => ({ perSecond: 0, cpuMicroseconds: Number.POSITIVE_INFINITY }));
  for (let n = -1; n < ROUNDS; n++) {
    for (const [index, { pid, read }] of sources.entries()) {
      const [before, startedAt] = [cpuOf(pid), performance.now()];
      const count = await read();
      const perSecond = (count / (performance.now() - startedAt)) * 1_000;
      const after = cpuOf(pid);
      const cpu = after.user + after.system - before.user - before.system;
      if (count < EVENTS) throw new Error(`Expected ${EVENTS} events, got ${count}`);
      if (n < 0) continue; // It only warms up.
      best[index]!.perSecond = Math.max(best[index]!.perSecond, perSecond);
      best[index]!.cpuMicroseconds = Math.min(best[index]!.cpuMicroseconds, (cpu / count) * 1e6);
    }
  }
  console.log(`\n${title}, best of ${ROUNDS}`);
  console.table(
    sources.map(({ what }, index) => {
      const { perSecond, cpuMicroseconds } = best[index]!;
      return {
        what,
        'events/s': Math.round(perSecond),
        'of the first': round(perSecond / best[0]!.perSecond),
        "µs of the server's CPU an event": round(cpuMicroseconds),
        'events/s by that': Math.round(1e6 / cpuMicroseconds),
      };
    }),
  );
}

/** Counts what comes without parsing it: with two cores, a client that works takes them from the server. */
function subscriptionTo(pid: number, url: string): Omit<Source, 'what'> {
  return { pid, read: () => countEvents(url) };
}

async function countEvents(url: string): Promise<number> {
  const socket = new WebSocket(url.replace('http:', 'ws:'), 'graphql-transport-ws');
  await once(socket, 'open');
  let count = 0;
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  socket.on('message', (data: Buffer) => {
    count += occurrences(data, '"sequence":');
    if (data.length > 1_000) return;
    const { type } = JSON.parse(String(data)) as { type: string };
    if (type === 'complete') resolve();
    else if (type === 'error') reject(new Error(String(data)));
    else if (type === 'connection_ack')
      socket.send(
        JSON.stringify({
          id: '1',
          type: 'subscribe',
          payload: { query: SUBSCRIPTION, variables: { executionId } },
        }),
      );
  });
  socket.send('{"type":"connection_init"}');
  await done;
  socket.terminate();
  return count;
}

async function countLines(url: URL): Promise<number> {
  let count = 0;
  const response = await fetch(url, { headers: { 'accept-encoding': 'identity' } });
  for await (const chunk of response.body!)
    count += occurrences(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength), '\n');
  return count;
}

function occurrences(data: Buffer, text: string): number {
  let count = 0;
  for (let at = data.indexOf(text); at >= 0; at = data.indexOf(text, at + text.length)) count += 1;
  return count;
}

async function startMemoryServer(kind: 'resolved' | 'ready'): Promise<{ pid: number; url: string }> {
  const program = fileURLToPath(new URL('./support/memory-events.js', import.meta.url));
  const child = spawn(process.execPath, [program, kind, String(EVENTS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stack.defer(() => void child.kill());
  const [port] = await once(child.stdout!, 'data');
  return { pid: child.pid!, url: `http://127.0.0.1:${Number(String(port))}/graphql` };
}

async function serveText(body: string): Promise<URL> {
  const http = createServer((_request, response) => response.end(body));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  stack.defer(() => void http.close());
  return new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/`);
}
