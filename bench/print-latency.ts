/** From `print` in Python to the subscriber. Both read the same machine's clock. */
import { openBenchServer } from './support/bench-server.ts';
import { printTimes, timesOf } from './support/measure.ts';
import { printLatencies } from './support/print-latencies.ts';

const LINES = 300;

await using stack = new AsyncDisposableStack();
const { weft } = await openBenchServer(stack);

const roundTrip = async () => {
  for await (const _ of weft.subscribe('{ __typename }')) break;
};

await printLatencies(LINES, weft);
printTimes(
  `print() to subscriber, ${LINES} lines 10 ms apart`,
  {
    'baseline: one WebSocket round trip': await timesOf(LINES, roundTrip),
    'print to subscriber': await printLatencies(LINES, weft),
  },
  'at most 5 ms p50',
);
