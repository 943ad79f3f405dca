import { setTimeout as delay } from 'node:timers/promises';
import type { clientsOf } from './cluster.ts';
import type { Random } from './random.ts';
import type { WatchedEvent } from './weft-client.ts';

/** What one subscriber saw of one execution, over however many connections. */
export interface Watched {
  executionId: string;
  events: WatchedEvent[];
  connections: number;
  /** What the execution gives when it succeeds. */
  expected: unknown;
}

const python = (key: string, code: string, more: object = {}) => ({
  key,
  type: 'python',
  config: { code: `import time\nprint("in ${key}", flush=True)\n${code}`, timeoutMs: 120_000 },
  retry: { maxAttempts: 20, initialDelayMs: 200, maxDelayMs: 2_000, retryOn: ['PYTHON_SERVICE_ERROR'] },
  ...more,
});

/** Each takes a second or so; the output shows whether anything was lost or done twice. */
const WORKFLOWS = [
  {
    nodes: [
      python('a', 'time.sleep(0.3)\nresult = input_data + 1'),
      python(
        'b',
        'for n in range(10):\n    print(n, flush=True)\n    time.sleep(0.03)\nresult = input_data + 1',
      ),
      python('c', 'time.sleep(0.2)\nresult = input_data + 1'),
    ],
    edges: [
      { source: 'a', target: 'b' },
      { source: 'b', target: 'c' },
    ],
    expected: (input: number): unknown => input + 3,
  },
  {
    nodes: [
      { key: 'in', type: 'input' },
      python('left', 'time.sleep(0.5)\nresult = input_data * 2'),
      python('right', 'progress(1, 2)\ntime.sleep(0.2)\nresult = input_data * 3'),
      { key: 'sum', type: 'transform', config: { expression: 'input.left + input.right' } },
    ],
    edges: [
      { source: 'in', target: 'left' },
      { source: 'in', target: 'right' },
      { source: 'left', target: 'sum' },
      { source: 'right', target: 'sum' },
    ],
    expected: (input: number): unknown => input * 5,
  },
  {
    nodes: [
      python('each', 'time.sleep(0.2)\nresult = input_data * 2', {
        forEach: { items: '[input, input + 1, input + 2, input + 3]', concurrency: 2 },
      }),
    ],
    edges: [],
    expected: (input: number): unknown => [0, 1, 2, 3].map((n) => (input + n) * 2),
  },
];

export interface LoadOptions {
  clients: ReturnType<typeof clientsOf>;
  workflows: readonly LoadWorkflow[];
  random: Random;
  /** Executions under way at once. */
  lanes: number;
  /** When to begin no more. */
  signal: AbortSignal;
}

export interface LoadWorkflow {
  id: string;
  expected: (input: number) => unknown;
}

/** Before the first blow: to make a workflow is not safe to repeat. */
export async function makeWorkflows(clients: ReturnType<typeof clientsOf>): Promise<LoadWorkflow[]> {
  return Promise.all(
    WORKFLOWS.map(async ({ nodes, edges, expected }) => ({
      id: await clients.any().createWorkflow({ nodes, edges }),
      expected,
    })),
  );
}

/** Starts executions and watches each to its end, through whatever happens to the servers. */
export async function runLoad(options: LoadOptions): Promise<Watched[]> {
  const { clients, workflows, random, lanes, signal } = options;
  const watched: Watched[] = [];
  const late = makeLate(signal);
  let count = 0;
  const lane = async () => {
    while (!signal.aborted) {
      const input = ++count;
      const workflow = random.pick(workflows);
      const executionId = await start(options, workflow.id, input, late);
      watched.push(await watch(clients, executionId, workflow.expected(input), late));
      const again = await start(options, workflow.id, input, late);
      if (again !== executionId)
        throw new Fault(`The key of ${executionId}, which has ended, started ${again} later`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return watched;
}

/**
 * The key makes it safe to request again when no answer came. It is used up to three times at once, at whatever replicas,
 * and has to give the same execution each time.
 */
async function start(
  { clients, random }: LoadOptions,
  workflowId: string,
  input: number,
  late: AbortSignal,
): Promise<string> {
  const once = () =>
    patiently(`execution ${input} starts`, late, () =>
      clients.any().start(workflowId, input, { idempotencyKey: `chaos-${input}` }),
    );
  const ids = new Set(await Promise.all(Array.from({ length: random.pick([1, 2, 3]) }, once)));
  if (ids.size > 1) throw new Fault(`One idempotency key started several executions: ${[...ids]}`);
  return [...ids][0]!;
}

/** Goes on from its cursor, at any replica, whenever its connection breaks. */
async function watch(
  clients: LoadOptions['clients'],
  executionId: string,
  expected: unknown,
  late: AbortSignal,
): Promise<Watched> {
  const events: WatchedEvent[] = [];
  let connections = 0;
  await patiently(`execution ${executionId} ends`, late, async () => {
    connections += 1;
    for await (const event of clients.any().events(executionId, events.at(-1)?.cursor ?? null)) {
      const last = events.at(-1)?.sequence ?? 0;
      if (event.sequence !== last + 1)
        throw new Fault(`A subscriber of ${executionId} got ${event.sequence} after ${last}`);
      events.push(event);
    }
    if (!/^Execution(Succeeded|Failed|Canceled)$/.test(events.at(-1)?.__typename ?? ''))
      throw new Error('The subscription completed before the end');
  });
  return { executionId, events, connections, expected };
}

/** What chaos must not bring about. */
export class Fault extends Error {}

/** While blows are dealt there is no telling how long a run takes; this long after the last of them it must have ended. */
const PATIENCE_MS = 120_000;

function makeLate(over: AbortSignal): AbortSignal {
  const late = new AbortController();
  over.addEventListener('abort', () => setTimeout(() => late.abort(), PATIENCE_MS).unref());
  return late.signal;
}

async function patiently<T>(what: string, late: AbortSignal, work: () => Promise<T>): Promise<T> {
  const tooLate = Promise.withResolvers<never>();
  tooLate.promise.catch(() => {});
  const giveUp = () => tooLate.reject(new Fault(`Expected within ${PATIENCE_MS / 1_000} s: ${what}`));
  late.addEventListener('abort', giveUp, { once: true });
  try {
    for (; ; await delay(50)) {
      try {
        return await Promise.race([work(), tooLate.promise]);
      } catch (error) {
        if (error instanceof Fault) throw error;
      }
    }
  } finally {
    late.removeEventListener('abort', giveUp);
  }
}
