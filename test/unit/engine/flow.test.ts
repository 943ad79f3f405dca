import { emptyState, type NodeRun } from '../../../server/engine/fold.ts';
import { takeStep } from '../../../server/engine/step.ts';
import { HandDriven, planOf } from './drive-by-hand.ts';

const drive = (...edges: string[]) => new HandDriven(planOf(...edges)).begin();

test('a node starts when every input has come, and not before', () => {
  const run = drive('a>c', 'b>c');
  expect([...run.running]).toEqual(['a', 'b']);
  run.succeed('a');
  expect([...run.running]).toEqual(['b']);
  run.succeed('b');
  expect([...run.running]).toEqual(['c']);
});

test('a node is skipped as soon as one of its inputs cannot come, whatever else runs', () => {
  const run = drive('a>c', 'b>c', 'a.error>d').fail('a');
  expect(run.statusOf('c')).toBe('SKIPPED');
  expect([...run.running]).toEqual(['b', 'd']);
  expect(run.succeed('b').succeed('d').journal.at(-1)).toMatchObject({ type: 'ExecutionSucceeded' });
});

test('edges that name the same target handle are alternatives for one input', () => {
  const graph = ['s.true>a', 's.false>b', 'a>c.order', 'b>c.order', 'x>c.rate'];
  const run = drive(...graph)
    .succeed('s', 1, 'false')
    .succeed('b');
  expect(run.statusOf('c')).toBe('none');
  expect([...run.succeed('x').running]).toEqual(['c']);
  const neither = drive(...graph, 's.error>f').fail('s');
  expect(neither.statusOf('c')).toBe('SKIPPED');
});

test('edges that name no target handle are an input each, also from the same node', () => {
  const run = drive('s.true>c', 's.false>c').succeed('s', 1, 'true');
  expect(run.statusOf('c')).toBe('SKIPPED');
});

test('of alternatives the first to come starts the node, and the others are not waited for', () => {
  const run = drive('a>c.in', 'b>c.in').succeed('b');
  expect([...run.running]).toEqual(['a', 'c']);
  run.succeed('c').succeed('a');
  expect(run.starts.get('c')).toBe(1);
  expect(run.journal.at(-1)).toMatchObject({ type: 'ExecutionSucceeded' });
});

test('with ANY a node starts when all edges are settled and one input came', () => {
  const run = drive('c=ANY', 'a>c', 'b>c', 'a.error>d').fail('a');
  expect(run.statusOf('c')).toBe('none');
  expect([...run.succeed('b').running]).toEqual(['d', 'c']);
});

test('a node that is skipped says which edges are dead, and why', () => {
  const run = drive('a.error>x', 'a>c', 's.yes>c.in', 's.no>c.in', 'c>d', 'd=ANY').fail('a');
  const edge = (source: string, sourceHandle: string, targetHandle: string | null = null) => ({
    source,
    sourceHandle,
    targetHandle,
  });
  expect(run.skipOf('c')).toEqual([{ ...edge('a', 'output'), reason: 'SOURCE_FAILED', emitted: null }]);
  expect(run.skipOf('d')).toEqual([{ ...edge('c', 'output'), reason: 'SOURCE_SKIPPED', emitted: null }]);

  const other = drive('a>c', 's.yes>c.in', 's.no>c.in', 'c.error>e').succeed('s', 1, 'maybe');
  expect(other.skipOf('c')).toEqual([
    { ...edge('s', 'yes', 'in'), reason: 'OTHER_HANDLE', emitted: 'maybe' },
    { ...edge('s', 'no', 'in'), reason: 'OTHER_HANDLE', emitted: 'maybe' },
  ]);
  expect(other.skipOf('e')).toEqual([{ ...edge('c', 'error'), reason: 'SOURCE_SKIPPED', emitted: null }]);
});

test('branches that depend on nothing of each other run at the same time', () => {
  expect([...drive('a>b', 'a>c', 'b>d', 'c>d').succeed('a').running]).toEqual(['b', 'c']);
});

test('a node whose edges are all dead is skipped, and so is what follows it alone', () => {
  const run = drive('e=ANY', 'a.true>b', 'b>c', 'a.false>d', 'c>e', 'd>e').succeed('a', 1, 'false');
  expect(run.statusOf('b')).toBe('SKIPPED');
  expect(run.statusOf('c')).toBe('SKIPPED');
  expect([...run.running]).toEqual(['d']);
  run.succeed('d');
  expect([...run.running]).toEqual(['e']);
});

test('a failure goes by the error edge, and the edge on success dies', () => {
  const run = drive('a>b', 'a.error>c').fail('a');
  expect(run.statusOf('b')).toBe('SKIPPED');
  expect([...run.running]).toEqual(['c']);
  expect(run.succeed('c').journal.at(-1)).toMatchObject({ type: 'ExecutionSucceeded' });
});

test('on success the error edge dies', () => {
  const run = drive('a>b', 'a.error>c').succeed('a').succeed('b');
  expect(run.statusOf('c')).toBe('SKIPPED');
  expect(run.journal.at(-1)).toMatchObject({ type: 'ExecutionSucceeded' });
});

test('a failure without an error edge fails the execution with that node’s error, and cancels what runs', () => {
  const run = drive('a>c', 'b>c').fail('a');
  expect(run.journal.at(-1)).toMatchObject({
    type: 'ExecutionFailed',
    error: { message: 'a failed', nodeKey: 'a' },
  });
  expect(run.statusOf('b')).toBe('CANCELED');
  expect(run.starts.has('c')).toBe(false);
});

test('the output is what the last nodes gave, by key where there are several', () => {
  expect(drive('a>b').succeed('a').succeed('b', 7).journal.at(-1)).toMatchObject({ output: 7 });
  expect(drive('a>b', 'a>c').succeed('a').succeed('b', 1).succeed('c', 2).journal.at(-1)).toMatchObject({
    output: { b: 1, c: 2 },
  });
});

test('a node under way when its worker was lost is begun again; a finished one is not', () => {
  const run = drive('a>b').succeed('a').crash();
  expect([...run.running]).toEqual(['b']);
  expect(run.starts).toEqual(
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
  );
  run.succeed('b');
  expect(run.journal.filter(({ type }) => type === 'NodeSucceeded')).toHaveLength(2);
});

test('a node that loses its worker three times fails instead of looping', () => {
  const run = drive('a>b').succeed('a').crash().crash().crash();
  expect(run.starts.get('b')).toBe(3);
  expect(run.journal.at(-1)).toMatchObject({
    type: 'ExecutionFailed',
    error: { code: 'NODE_INTERRUPTED', nodeKey: 'b' },
  });
});

test.each([
  ['a chain', Array.from({ length: 2_000 }, (_, n) => `n${n}>n${n + 1}`)],
  ['a fan-out that is joined again', Array.from({ length: 1_000 }, (_, n) => [`a>n${n}`, `n${n}>z`]).flat()],
])('each step of %s looks at what has changed, however large the graph is', (_, edges) => {
  const plan = planOf(...edges);
  const state = emptyState();
  const nodes = new LookCounter();
  state.nodes = nodes;
  const running = takeStep(plan, state, [], new Date(0)).starts;
  for (const nodeKey of running) {
    const ended = {
      type: 'NodeSucceeded',
      nodeKey,
      attempt: 1,
      output: 1,
      handle: 'output',
      durationMs: 1,
    } as const;
    const { starts } = takeStep(plan, state, [ended], new Date(0));
    running.push(...starts);
  }
  expect(running).toHaveLength(plan.graph.nodes.size);
  expect(nodes.looks).toBeLessThan(30 * plan.graph.nodes.size);
  expect(state.status).toBe('SUCCEEDED');
});

class LookCounter extends Map<string, NodeRun> {
  looks = 0;

  override get(key: string): NodeRun | undefined {
    this.looks += 1;
    return super.get(key);
  }
}
