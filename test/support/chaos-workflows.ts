import type { clientsOf } from './cluster.ts';

export interface LoadWorkflow {
  id: string;
  /** The options of a start, beside its input. */
  start: (input: number) => object;
  expected: (input: number) => unknown;
}

interface Draft {
  nodes: object[];
  edges?: string[];
  more?: object;
  start?: (input: number) => object;
  expected: (input: number) => unknown;
}

const retry = {
  maxAttempts: 20,
  initialDelayMs: 200,
  maxDelayMs: 2_000,
  retryOn: ['PYTHON_SERVICE_ERROR'],
};
const python = (key: string, code: string, more: object = {}) => ({
  key,
  type: 'python',
  config: { code: `import time\nprint("in ${key}", flush=True)\n${code}`, timeoutMs: 120_000 },
  retry,
  ...more,
});
const transform = (key: string, expression: string) => ({ key, type: 'transform', config: { expression } });
const input = { key: 'in', type: 'input' };

/** Each takes a second or so; the output shows whether anything was lost or done twice. */
const PLAIN: Draft[] = [
  {
    nodes: [python('limited', 'time.sleep(0.3)\nresult = input_data * 7')],
    more: {
      concurrency: { max: 1, key: 'input % 2' },
      rate: { max: 3, perMs: 2_000 },
      debounce: { waitMs: 1_000, key: 'input' },
    },
    expected: (n) => n * 7,
  },
  {
    nodes: [
      python('a', 'time.sleep(0.3)\nresult = input_data + 1'),
      python(
        'b',
        'for n in range(10):\n    print(n, flush=True)\n    time.sleep(0.03)\nresult = input_data + 1',
      ),
      python('c', 'time.sleep(0.2)\nresult = input_data + 1'),
    ],
    edges: ['a>b', 'b>c'],
    expected: (n) => n + 3,
  },
  {
    nodes: [
      input,
      python('left', 'time.sleep(0.5)\nresult = input_data * 2'),
      python('right', 'progress(1, 2)\ntime.sleep(0.2)\nresult = input_data * 3'),
      transform('sum', 'input.left + input.right'),
    ],
    edges: ['in>left', 'in>right', 'left>sum', 'right>sum'],
    expected: (n) => n * 5,
  },
  {
    nodes: [
      python('each', 'time.sleep(0.2)\nresult = input_data * 2', {
        forEach: { items: '[input, input + 1, input + 2, input + 3]', concurrency: 2 },
      }),
    ],
    expected: (n) => [0, 1, 2, 3].map((step) => (n + step) * 2),
  },
  {
    nodes: [
      input,
      python('save', 'result = save_artifact("n.txt", str(input_data).encode() * 1000)'),
      python('read', 'time.sleep(0.2)\nresult = len(open_artifact(input_data).read())'),
    ],
    edges: ['in>save', 'save>read'],
    expected: (n) => String(n).length * 1_000,
  },
  {
    nodes: [
      input,
      python('left-out', 'raise Exception("it does not run")'),
      python('rest', 'time.sleep(0.3)\nresult = input_data + 1'),
    ],
    edges: ['in>left-out', 'left-out>rest'],
    start: (n) => ({ from: ['rest'], pinned: [{ nodeKey: 'left-out', output: n * 10 }] }),
    expected: (n) => n * 10 + 1,
  },
];

/** Waits of every kind, and the world outside. The watcher of an execution decides and mends (chaos-load.ts). */
const waiting = (host: string): Draft[] => [
  {
    nodes: [
      input,
      { key: 'pause', type: 'delay', config: { durationMs: 1_500 } },
      { key: 'ask', type: 'approval', config: { title: 'Go on?' } },
      transform('yes', 'nodes.in.output + 1'),
      transform('no', '"rejected"'),
      { key: 'either', type: 'merge' },
    ],
    edges: ['in>pause', 'pause>ask', 'ask.approved>yes', 'ask.rejected>no', 'yes>either', 'no>either'],
    expected: (n) => n + 1,
  },
  {
    nodes: [
      input,
      {
        key: 'effect',
        type: 'http',
        config: { method: 'POST', url: `http://${host}/effect`, bodyFormat: 'json', body: '{{ input }}' },
      },
      {
        key: 'flaky',
        type: 'http',
        config: { url: `http://${host}/flaky` },
        retry: { maxAttempts: 20, initialDelayMs: 100, maxDelayMs: 1_500 },
      },
      { key: 'mended', type: 'http', config: { url: `http://${host}/broken/{{ execution.id }}` } },
      transform('all', '[input.effect.body.done, input.flaky.body.done, input.mended.body.done]'),
    ],
    edges: ['in>effect', 'in>flaky', 'in>mended', 'effect>all', 'flaky>all', 'mended>all'],
    more: { onFailure: 'PARK' },
    expected: () => [true, true, true],
  },
];

const family = (double: string, next: string): Draft => ({
  nodes: [
    input,
    {
      key: 'sub',
      type: 'subworkflow',
      config: { workflow: double, input: '{{ item }}' },
      forEach: { items: '[input, input + 1, input + 2]', concurrency: 2 },
    },
    {
      key: 'times',
      type: 'repeat',
      config: { workflow: next, until: 'count = 3', input: 'count = 0 ? input : output', delayMs: 300 },
    },
    transform('both', '{ "doubled": input.sub, "counted": input.times }'),
  ],
  edges: ['in>sub', 'in>times', 'sub>both', 'times>both'],
  expected: (n) => ({ doubled: [n * 2, n * 2 + 2, n * 2 + 4], counted: n + 3 }),
});

/** Before the first blow: to make a workflow is not safe to repeat. */
export async function makeWorkflows(
  clients: ReturnType<typeof clientsOf>,
  host: string,
): Promise<LoadWorkflow[]> {
  const create = ({ nodes, edges = [], more }: Pick<Draft, 'nodes' | 'edges' | 'more'>) =>
    clients.any().createWorkflow({ nodes, edges: edges.map(edgeOf), ...more });
  const double = await create({ nodes: [python('double', 'time.sleep(0.3)\nresult = input_data * 2')] });
  const next = await create({
    nodes: [{ key: 'pause', type: 'delay', config: { durationMs: 1_200 } }, transform('next', 'input + 1')],
    edges: ['pause>next'],
  });
  return Promise.all(
    [...PLAIN, ...waiting(host), family(double, next)].map(
      async ({ start = () => ({}), expected, ...draft }) => ({
        id: await create(draft),
        start,
        expected,
      }),
    ),
  );
}

function edgeOf(text: string) {
  const [from, target] = text.split('>') as [string, string];
  const [source, sourceHandle] = from.split('.');
  return { source, sourceHandle, target };
}
