/** One long journal read through the SDK, event by event, against bare graphql-ws counting the same batches. */
import { ExecutionEventsDocument } from '../client-sdk/src/_generated_operations.ts';
import { createClient } from '../client-sdk/src/index.ts';
import { makeLongJournal, openBenchServer } from './support/bench-server.ts';
import { round } from './support/measure.ts';

const EVENTS = 50_000;
const ROUNDS = 5;

await using stack = new AsyncDisposableStack();
const server = await openBenchServer(stack);
const executionId = await makeLongJournal(server, EVENTS);
const run = createClient({ url: server.weft.url, transport: 'ws' }).executions.run(executionId);

// In turn, so that both meet the same noise of the machine.
const bare: Reading[] = [];
const sdk: Reading[] = [];
for (let n = 0; n < ROUNDS; n++) {
  bare.push(await timed(readBare));
  sdk.push(await timed(readThroughSdk));
}
console.log(`\n${EVENTS} events to one subscriber, best of ${ROUNDS}`);
console.table([row('baseline: bare graphql-ws, batch by batch', bare), row('SDK, event by event', sdk)]);
console.log('Promise: at least 0.8 of the baseline, events/s');

/** The time of this process alone (without the server's) tells more on a machine with other work. */
interface Reading {
  perSecond: number;
  cpuMicroseconds: number;
}

function row(what: string, readings: readonly Reading[]) {
  const rate = (all: readonly Reading[]) => Math.max(...all.map(({ perSecond }) => perSecond));
  const cpu = Math.min(...readings.map(({ cpuMicroseconds }) => cpuMicroseconds));
  return {
    what,
    'events/s': Math.round(rate(readings)),
    'of the first': round(rate(readings) / rate(bare)),
    'CPU µs an event, here': round(cpu),
  };
}

async function readBare(): Promise<number> {
  let count = 0;
  for await (const { data, errors } of server.weft.subscribe<{ executionEvents: { events: unknown[] } }>(
    ExecutionEventsDocument,
    { executionId },
  )) {
    if (errors) throw new Error(JSON.stringify(errors));
    count += data!.executionEvents.events.length;
  }
  return count;
}

async function readThroughSdk(): Promise<number> {
  let count = 0;
  for await (const _ of run.events()) count += 1;
  return count;
}

async function timed(read: () => Promise<number>): Promise<Reading> {
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  const count = await read();
  if (count < EVENTS) throw new Error(`Expected ${EVENTS} events, got ${count}`);
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    perSecond: (count / (performance.now() - startedAt)) * 1_000,
    cpuMicroseconds: (user + system) / count,
  };
}
