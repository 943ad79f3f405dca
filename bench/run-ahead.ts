/** Claim: code that runs ahead of its journal (server/engine/run-ahead.ts) saves a commit a node, and one a start. */
import { WeftClient } from '../test/support/weft-client.ts';
import { type BenchServer, commitOnce, openBenchServer } from './support/bench-server.ts';
import { printTimes, timesInTurn } from './support/measure.ts';
import { openPost } from './support/post.ts';

await using stack = new AsyncDisposableStack();

/** Posts without `fetch`. */
class LeanClient extends WeftClient {
  constructor(
    url: string,
    private readonly send: (body: string) => Promise<string>,
  ) {
    super(url, undefined, 60_000);
  }

  protected override post(body: string): Promise<string> {
    return this.send(body);
  }
}

async function openClient(env: Record<string, string>): Promise<BenchServer & { lean: LeanClient }> {
  const server = await openBenchServer(stack, env);
  const lean = stack.use(new LeanClient(server.weft.url, openPost(stack, server.weft.url)));
  return { ...server, lean };
}

const TEN = Array.from({ length: 10 }, (_, n) => ({
  key: `n${n}`,
  type: 'python',
  config: { code: 'result = 1' },
}));
const TEN_EDGES = TEN.slice(1).map(({ key }, n) => ({ source: `n${n}`, target: key }));

async function runsOf({ lean }: { lean: LeanClient }) {
  const workflowId = await lean.createWorkflow({ nodes: TEN, edges: TEN_EDGES });
  const toEnd = async (id: string) => {
    for await (const { __typename } of lean.events(id)) if (__typename === 'ExecutionSucceeded') return;
    throw new Error('The run did not succeed');
  };
  return {
    one: async () => toEnd(await lean.runPython('result = 1')),
    ten: async () => toEnd(await lean.start(workflowId, null)),
  };
}

const ahead = await openClient({ WEFT_RUN_AHEAD: 'true' });
const behind = await openClient({ WEFT_RUN_AHEAD: 'false' });
const [withIt, without] = [await runsOf(ahead), await runsOf(behind)];

/** Pauses in which the cells that were used are made again. */
const options = { warmUp: 100, pauseMs: 60 };
const one = await timesInTurn(
  {
    'baseline: one commit': () => commitOnce(ahead),
    'pythonRun, running ahead': withIt.one,
    'pythonRun, every start committed first': without.one,
  },
  250,
  options,
);
printTimes(
  'One Python node, from the mutation to ExecutionSucceeded at the client',
  one,
  'a millisecond or more',
);
const ten = await timesInTurn(
  {
    'baseline: one commit': () => commitOnce(ahead),
    'running ahead': withIt.ten,
    'every start committed first': without.ten,
  },
  60,
  { warmUp: 20, pauseMs: 150 },
);
printTimes('Ten Python nodes in sequence', ten, 'a millisecond or more a node');
