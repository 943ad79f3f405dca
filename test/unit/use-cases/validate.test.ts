import { describeNode } from '../../../server/nodes/describe.ts';
import type { NodeDraft, WorkflowDraft } from '../../../server/nodes/draft.ts';
import { nodeRegistry } from '../../../server/nodes/registry.ts';
import { validateWorkflow } from '../../../server/use-cases/validate.ts';
import { draftOf, nodeOf } from '../engine/drive-by-hand.ts';
import { validationDeps } from './validation-deps.ts';

const deps = validationDeps();
afterAll(() => deps[Symbol.dispose]());

const validateWhole = (draft: WorkflowDraft) => validateWorkflow(draft, deps);
const validate = async (draft: WorkflowDraft) => (await validateWhole(draft)).errors;
const problemsOf = async (draft: WorkflowDraft) =>
  (await validate(draft)).map(({ code, field }) => `${code} ${field}`);
const withNodes = (...nodes: NodeDraft[]): WorkflowDraft => ({ ...draftOf(), nodes });

test('a sound workflow has no problems', async () => {
  expect(await problemsOf(draftOf('a>b', 'a.error>c', 'b>d'))).toEqual([]);
});

test('an unknown type, a duplicate key and a bad key are errors at their paths, all at once', async () => {
  expect(
    await problemsOf(withNodes(nodeOf('a', 'pythn'), nodeOf('b'), nodeOf('b'), nodeOf('no spaces'))),
  ).toEqual(['UNKNOWN_TYPE nodes.0.type', 'DUPLICATE_KEY nodes.2.key', 'INVALID nodes.3.key']);
});

test('an edge to a missing node or from a missing handle is an error', async () => {
  expect(
    await problemsOf({
      ...draftOf('a>b', 'a.nope>b'),
      edges: [...draftOf('a>b', 'a.nope>b', 'a>ghost').edges],
    }),
  ).toEqual(['UNKNOWN_HANDLE edges.1.sourceHandle', 'UNKNOWN_NODE edges.2.target']);
});

test('the handles of a switch are those of its cases, default and error', async () => {
  const cases = [{ handle: 'big', when: 'input > 1' }];
  const draft = draftOf('s.big>a', 's.default>b', 's.error>c', 's.small>d');
  draft.nodes = draft.nodes.map((node) => (node.key === 's' ? nodeOf('s', 'switch', { cases }) : node));
  expect(await problemsOf(draft)).toEqual(['UNKNOWN_HANDLE edges.3.sourceHandle']);
});

test.each([5, [null], [{}], 'x', '{{ input }}', null])(
  'a switch whose cases are %j has errors of them, and its other handles',
  async (cases) => {
    const draft = draftOf('s.default>a', 's>b', 's.error>c', 's.small>d');
    draft.nodes = draft.nodes.map((node) => (node.key === 's' ? nodeOf('s', 'switch', { cases }) : node));
    const problems = await problemsOf(draft);
    expect(problems.slice(0, -1)).toEqual(
      problems.slice(0, -1).map(() => expect.stringContaining(' nodes.0.config.cases')),
    );
    expect(problems.length).toBeGreaterThan(1);
    expect(problems.at(-1)).toBe('UNKNOWN_HANDLE edges.3.sourceHandle');
  },
);

test('the handles of a node are computed once, however many edges leave it', async () => {
  let calls = 0;
  const output = nodeRegistry.get('output')!;
  const outputs = () => {
    calls += 1;
    return output.outputs({});
  };
  const registry = new Map([...nodeRegistry, ['output', { ...output, outputs }]]);
  const draft = draftOf('a>b');
  draft.nodes = [nodeOf('a', 'output', { value: 1 }), nodeOf('b')];
  draft.edges = Array.from({ length: 100 }, (_, n) => ({ ...draft.edges[0]!, targetHandle: `h${n}` }));
  expect(await validateWorkflow(draft, { ...deps, registry })).toEqual({ errors: [], warnings: [] });
  expect(calls).toBeLessThanOrEqual(2); // Once more for its description.
});

test('of many errors the first are reported: 20 of a configuration, 100 of a workflow', async () => {
  const unknown = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`field${n}`, n]));
  const wrong = (key: string) => nodeOf(key, 'python', { code: 'x', ...unknown });
  expect(await problemsOf(withNodes(wrong('a'), nodeOf('b', 'nope')))).toEqual([
    ...Array.from({ length: 20 }, (_, n) => `UNKNOWN_FIELD nodes.0.config.field${n}`),
    'UNKNOWN_TYPE nodes.1.type',
  ]);
  expect(await validate(withNodes(...['a', 'b', 'c', 'd', 'e', 'f'].map(wrong)))).toHaveLength(100);
  expect(await validate(withNodes(nodeOf('x'.repeat(100_000))))).toEqual([
    expect.objectContaining({ message: expect.stringMatching(/^.{1,200}$/) }),
  ]);
});

test('of a list past its limit no more items are looked at than show that', async () => {
  let looked = 0;
  const packages: unknown[] = Array(10_000).fill(1);
  for (const index of packages.keys())
    Object.defineProperty(packages, index, {
      get: () => {
        looked += 1;
        return 1;
      },
    });
  expect(await problemsOf(withNodes(nodeOf('p', 'python', { code: '1', packages })))).toContain(
    'INVALID nodes.0.config.packages',
  );
  expect(looked).toBeLessThan(1_000);
});

test('a definition is described once', () => {
  const python = nodeRegistry.get('python')!;
  expect(describeNode(python)).toBe(describeNode(python));
});

test('a cycle is an error with the nodes on it', async () => {
  const [problem] = await validate(draftOf('a>b', 'b>c', 'c>d', 'd>b'));
  expect(problem).toMatchObject({
    code: 'CYCLE',
    message: expect.stringMatching(/b → c → d → b|c → d → b → c|d → b → c → d/),
  });
});

test('every cycle is an error', async () => {
  expect(await problemsOf(draftOf('a>b', 'b>a', 'b>c', 'c>d', 'd>c', 'd>e', 'e>e'))).toEqual([
    expect.stringMatching(/^CYCLE edges\.[01]$/),
    expect.stringMatching(/^CYCLE edges\.[34]$/),
    'CYCLE edges.6',
  ]);
});

test('a reference to a missing node is an error, and a field called nodes is none', async () => {
  const draft = draftOf('t>o', 'b', 'f');
  draft.nodes = [
    nodeOf('t', 'transform', { expression: '{ "b": $sum(nodes.`no-pe`.output.x) }' }),
    nodeOf('o', 'output', { value: ['{{ nodes.t.output }}', { deep: 'x {{ nodes.gone.output }}' }] }),
    nodeOf('b', 'branch', { condition: 'input.rows[nodes.x = 1].(nodes.y) = nodes' }),
    {
      ...nodeOf('f'),
      forEach: { items: 'nodes.lost.output', concurrency: 1, batch: 1, onItemError: 'FAIL' },
    },
  ];
  expect(await problemsOf(draft)).toEqual([
    'UNKNOWN_REFERENCE nodes.0.config.expression',
    'UNKNOWN_REFERENCE nodes.1.config.value.1.deep',
    'UNKNOWN_REFERENCE nodes.3.forEach.items',
  ]);
});

test('a reference to a node that may run later is an error', async () => {
  const draft = draftOf('in>a', 'a>b', 'b>c', 'in>d');
  const value = '{{ nodes.in.output + nodes.a.output }}';
  draft.nodes = draft.nodes.map((node) => (node.key === 'c' ? nodeOf('c', 'output', { value }) : node));
  expect(await validate(draft)).toEqual([]);
  const late = '{{ nodes.c.output }} {{ nodes.a.output }} {{ nodes.d.output }}';
  draft.nodes = draft.nodes.map((node) => (node.key === 'd' ? nodeOf('d', 'output', { value: late }) : node));
  expect(await validate(draft)).toEqual(
    ['c', 'a', 'd'].map((key) => ({
      code: 'UNKNOWN_REFERENCE',
      field: expect.stringMatching(/config\.value$/),
      message: `\`nodes.${key}\` may not have run before node \`d\`, as no edges lead from there to here: expected one of in.`,
    })),
  );
});

test('a retry on something other than an error code is an error', async () => {
  const retry = { maxAttempts: 2, initialDelayMs: 0, backoffFactor: 1, maxDelayMs: 0 };
  const retryOn = ['PYTHON_TIMEOUT', 'ValueError'];
  const [problem, ...more] = await validate(withNodes({ ...nodeOf('a'), retry: { ...retry, retryOn } }));
  expect(problem).toMatchObject({
    field: 'nodes.0.retry.retryOn.1',
    message: expect.stringContaining('PYTHON_EXECUTION_ERROR'),
  });
  expect(more).toEqual([]);
});

test('a configuration with too many templates is an error', async () => {
  const draft = withNodes(nodeOf('o', 'output', { value: ['{{ 1 }}'.repeat(600), '{{ 2 }}'.repeat(401)] }));
  expect(await problemsOf(draft)).toEqual(['TOO_LARGE nodes.0.config']);
});

test('a template without an end is an error', async () => {
  const draft = withNodes(
    nodeOf('o', 'output', { value: ['{{ input.a }} and {{ input.b', '}} no template'] }),
  );
  expect(await problemsOf(draft)).toEqual(['INVALID_EXPRESSION nodes.0.config.value.0']);
});

test('a node that no edge leads to from the input is an error', async () => {
  const draft = draftOf('in>a', 'lonely');
  draft.nodes = draft.nodes.map((node) => (node.key === 'in' ? nodeOf('in', 'input', {}) : node));
  expect(await problemsOf(draft)).toEqual(['UNREACHABLE_NODE nodes.0']);
});

test('a run starts at nodes with the role of an input, whatever their type is called', async () => {
  const registry = new Map([...nodeRegistry, ['form', { ...nodeRegistry.get('input')!, type: 'form' }]]);
  const draft = draftOf('f>a', 'lonely');
  draft.nodes = draft.nodes.map((node) => (node.key === 'f' ? nodeOf('f', 'form', {}) : node));
  expect((await validateWorkflow(draft, { ...deps, registry })).errors).toEqual([
    expect.objectContaining({ code: 'UNREACHABLE_NODE', field: 'nodes.0' }),
  ]);
});

test('an input node accepts no edge', async () => {
  const draft = draftOf('a>in');
  draft.nodes[1] = nodeOf('in', 'input', {});
  expect(await problemsOf(draft)).toContain('UNKNOWN_HANDLE edges.0.target');
});

test('a configuration that does not fit its schema is an error at its path, with what was expected and what came', async () => {
  const draft = withNodes(
    nodeOf('p', 'python', { code: '1', timeoutMs: 500, packages: ['a', 3], colour: 'red' }),
  );
  expect(await problemsOf(draft)).toEqual([
    'INVALID nodes.0.config.packages.1',
    'INVALID nodes.0.config.timeoutMs',
    'UNKNOWN_FIELD nodes.0.config.colour',
  ]);
  expect((await validate(draft))[1]!.message).toBe(
    'Expected `timeoutMs` to be an integer from 1000 to 300000, got 500.',
  );
  const empty = withNodes(nodeOf('p', 'python', {}));
  expect(await problemsOf(empty)).toEqual(['REQUIRED nodes.0.config.code']);
  expect((await validate(empty))[0]!.message).toBe('Code is needed.');
});

test('a template may stand for a value of any type, if its expression parses', async () => {
  const python = (timeoutMs: unknown) => withNodes(nodeOf('p', 'python', { code: '{{ x', timeoutMs }));
  expect(await problemsOf(python('{{ input.timeout }}'))).toEqual([]);
  expect(await problemsOf(python('{{ input.( }}'))).toEqual(['INVALID_EXPRESSION nodes.0.config.timeoutMs']);
});

test('a template may stand neither for a whole configuration nor for code', async () => {
  const whole = nodeOf('p', 'python', '{{ input }}' as unknown as object);
  const noText = nodeOf('q', 'python', { code: ['{{ input }}'] });
  expect(await problemsOf(withNodes(whole, noText))).toEqual([
    'INVALID nodes.0.config',
    'INVALID nodes.1.config.code',
  ]);
});

test('expressions of branches, transforms, switches and forEach must parse', async () => {
  const draft = withNodes(
    nodeOf('b', 'branch', { condition: 'input >' }),
    nodeOf('s', 'switch', { cases: [{ handle: 'x', when: ')' }] }),
    { ...nodeOf('t'), forEach: { items: '[', concurrency: 0, batch: 1, onItemError: 'FAIL' } },
  );
  expect(await problemsOf(draft)).toEqual([
    'INVALID nodes.2.forEach.concurrency',
    'INVALID_EXPRESSION nodes.0.config.condition',
    'INVALID_EXPRESSION nodes.1.config.cases.0.when',
    'INVALID_EXPRESSION nodes.2.forEach.items',
  ]);
});
