/** From the mutation to ExecutionSucceeded at a graphql-ws client, everything in between durable. */
import { WeftClient } from '../test/support/weft-client.ts';
import { commitOnce, openBenchServer } from './support/bench-server.ts';
import { printTimes, timesInTurn, timesOf } from './support/measure.ts';
import { openPost } from './support/post.ts';

await using stack = new AsyncDisposableStack();
const server = await openBenchServer(stack);
const post = openPost(stack, server.weft.url);

/** Posts without `fetch`. */
class LeanClient extends WeftClient {
  protected override post(body: string): Promise<string> {
    return post(body);
  }
}

const lean = stack.use(new LeanClient(server.weft.url, undefined, 60_000));

const roundTrips = async () => {
  await commitOnce(server);
  await lean.query('{ __typename }');
  for await (const _ of lean.subscribe('{ __typename }')) break;
};
const runBy = (weft: WeftClient) => async () => {
  const id = await weft.runPython('result = input_data["n"] + 1', { input: { n: 1 } });
  for await (const { __typename } of weft.events(id)) if (__typename === 'ExecutionSucceeded') return;
  throw new Error('The run did not succeed');
};

/** All take turns, each after a pause in which the cell that was used is made up for. */
const PAUSE_MS = 60;
const baseline = { 'baseline: one commit, one HTTP and one WebSocket round trip': roundTrips };
const oneAtATime = { 'pythonRun to ExecutionSucceeded, one run at a time': runBy(lean) };
const PROMISE = 'at most 10 ms p50';

const first = await timesInTurn({ ...baseline, ...oneAtATime }, 200, { warmUp: 20, pauseMs: PAUSE_MS });
printTimes(
  'pythonRun, from the mutation to ExecutionSucceeded at the client: the first 200 runs',
  first,
  PROMISE,
);

// V8 compiles in the background what runs often; until it has, a run takes about a millisecond longer.
const byFetch = { 'the same, the mutation posted by `fetch`': runBy(server.weft) };
const ways = { ...baseline, ...oneAtATime, ...byFetch };
const later = await timesInTurn(ways, 200, { warmUp: 150, pauseMs: PAUSE_MS });
const withoutPause = { 'run after run without a pause': await timesOf(200, runBy(lean)) };
printTimes('The same on a server that has done 500 runs', { ...later, ...withoutPause }, PROMISE);
