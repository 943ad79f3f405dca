/** One long journal read through the SDK, event by event, against bare graphql-ws counting the same batches. */
import { ExecutionEventsDocument } from '../client-sdk/src/_generated_operations.ts';
import { createClient } from '../client-sdk/src/index.ts';
import { makeLongJournal, openBenchServer } from './support/bench-server.ts';
import { round } from './support/measure.ts';

const EVENTS = 200_000;
const ROUNDS = 5;

await using stack = new AsyncDisposableStack();
const server = await openBenchServer(stack);
const executionId = await makeLongJournal(server, EVENTS);
const run = createClient({ url: server.weft.url, transport: 'ws' }).executions.run(executionId);

// In turn, so that both meet the same noise of the machine.
const rates = { bare: [] as number[], sdk: [] as number[] };
for (let n = 0; n <= ROUNDS; n++) {
  rates.bare.push(await rateOf(readBare));
  rates.sdk.push(await rateOf(readThroughSdk));
}
const bare = Math.max(...rates.bare);
const sdk = Math.max(...rates.sdk);
console.log(`\n${EVENTS} events to one subscriber, best of ${ROUNDS + 1}`);
console.table([
  { what: 'baseline: bare graphql-ws, batch by batch', 'events/s': Math.round(bare), 'of the first': 1 },
  { what: 'SDK, event by event', 'events/s': Math.round(sdk), 'of the first': round(sdk / bare) },
]);
console.log('Promise: at least 0.8 of the baseline');

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

async function rateOf(read: () => Promise<number>): Promise<number> {
  const startedAt = performance.now();
  const count = await read();
  if (count < EVENTS) throw new Error(`Expected ${EVENTS} events, got ${count}`);
  return (count / (performance.now() - startedAt)) * 1_000;
}
