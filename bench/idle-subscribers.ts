/** What a client costs that follows a run which does nothing, where ten thousand do. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { RawWs } from '../test/support/raw-ws.ts';
import { openBenchServer } from './support/bench-server.ts';
import { round } from './support/measure.ts';

const SUBSCRIBERS = 10_000;
const EXECUTIONS = 100;
const AT_ONCE = 50;

await using stack = new AsyncDisposableStack();
// With no worker the executions stay QUEUED, and their subscribers idle.
const { weft, pid } = await openBenchServer(stack, { WEFT_ROLES: 'api' });
const executions = await Promise.all(Array.from({ length: EXECUTIONS }, () => weft.runPython('1')));
const subscriptions = executions.map(
  (id) =>
    `subscription { executionEvents(executionId: "${id}") { endCursor events { __typename sequence } } }`,
);

const bare = await startBaseline(stack);
const bareKiB = await memoryOfSubscribers(bare.pid!, bare.port, ['subscription { one }']);
const weftKiB = await memoryOfSubscribers(pid, Number(new URL(weft.url).port), subscriptions);

console.log(
  `\n${SUBSCRIBERS} idle subscribers of ${EXECUTIONS} executions, each with a WebSocket of its own`,
);
console.table([
  { what: 'baseline: bare graphql-ws', 'KiB each': round(bareKiB), 'times the first': 1 },
  { what: 'Weft', 'KiB each': round(weftKiB), 'times the first': round(weftKiB / bareKiB) },
]);
console.log('Promise: at most 30 KiB each');

/** By how much the resident memory of a process grows, for each of the subscribers, once they have all been told where things stand. */
async function memoryOfSubscribers(
  server: number,
  port: number,
  queries: readonly string[],
): Promise<number> {
  const sockets: RawWs[] = [];
  using _closed = { [Symbol.dispose]: () => sockets.forEach(({ socket }) => void socket.terminate()) };
  const subscribe = async () => {
    const client = new RawWs(port);
    sockets.push(client);
    await client.init();
    client.subscribe(queries[sockets.length % queries.length]!);
    await client.next();
  };
  const subscribeAll = async (count: number) => {
    const last = sockets.length + count;
    const lane = async () => {
      while (sockets.length < last) await subscribe();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  };
  await subscribeAll(SUBSCRIBERS / 20);
  const [before, first] = [await residentKiB(server), sockets.length];
  await subscribeAll(SUBSCRIBERS - first);
  return ((await residentKiB(server)) - before) / (sockets.length - first);
}

async function startBaseline(opened: AsyncDisposableStack): Promise<ChildProcess & { port: number }> {
  const program = fileURLToPath(new URL('./support/idle-baseline.js', import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  opened.defer(() => void child.kill());
  const [port] = await once(child.stdout!, 'data');
  return Object.assign(child, { port: Number(String(port)) });
}

async function residentKiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
}
