/** From the mutation to ExecutionSucceeded at a graphql-ws client, everything in between durable. */
import { setTimeout as delay } from 'node:timers/promises';
import { commitOnce, openBenchServer } from './support/bench-server.ts';
import { printTimes, timesOf } from './support/measure.ts';

await using stack = new AsyncDisposableStack();
const server = await openBenchServer(stack);
const { weft } = server;

const roundTrips = async () => {
  await commitOnce(server);
  await weft.query('{ __typename }');
  for await (const _ of weft.subscribe('{ __typename }')) break;
};
const run = async () => {
  const id = await weft.runPython('result = input_data["n"] + 1', { input: { n: 1 } });
  for await (const { __typename } of weft.events(id)) if (__typename === 'ExecutionSucceeded') return;
  throw new Error('The run did not succeed');
};

/** Long enough for the cell that was used to be made up for. */
const rested = () => delay(60);

printTimes(
  'pythonRun, from the mutation to ExecutionSucceeded at the client',
  {
    'baseline: one commit, one HTTP and one WebSocket round trip': await timesOf(200, roundTrips),
    'pythonRun to ExecutionSucceeded, one run at a time': await timesOf(200, run, 20, rested),
    'pythonRun to ExecutionSucceeded, run after run without a pause': await timesOf(200, run),
  },
  'at most 10 ms p50',
);
