/** From `print` in Python to the subscriber. Both read the same machine's clock. */
import { openBenchServer } from './support/bench-server.ts';
import { printTimes, timesOf } from './support/measure.ts';

const LINES = 300;

await using stack = new AsyncDisposableStack();
const { weft } = await openBenchServer(stack);

const now = () => performance.timeOrigin + performance.now();
/** Date.now() is the clock that Python reads, cut to whole milliseconds: the largest difference seen is the true one. */
let clockOffset = Number.NEGATIVE_INFINITY;
for (let n = 0; n < 200_000; n++) clockOffset = Math.max(clockOffset, Date.now() - now());

async function printLatencies(): Promise<number[]> {
  const code = `import time\nfor _ in range(${LINES}):\n    print(time.time() * 1000)\n    time.sleep(0.01)`;
  const id = await weft.runPython(code);
  const latencies: number[] = [];
  for await (const event of weft.events(id)) {
    // The end of a line may come apart from it.
    if (event.__typename === 'NodeOutput' && event.text.trim() !== '')
      latencies.push(now() + clockOffset - Number(event.text));
  }
  return latencies;
}

const roundTrip = async () => {
  for await (const _ of weft.subscribe('{ __typename }')) break;
};

await printLatencies();
printTimes(
  `print() to subscriber, ${LINES} lines 10 ms apart`,
  {
    'baseline: one WebSocket round trip': await timesOf(LINES, roundTrip),
    'print to subscriber': await printLatencies(),
  },
  'at most 5 ms p50',
);
