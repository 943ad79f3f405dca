import { executionOutput, inputOf } from '../../../server/engine/values.ts';
import { foldAll, HandDriven, planOf } from './drive-by-hand.ts';

const execution = { id: 'exec_1', workflowId: null, input: { n: 1 } };

function inputAfter(run: HandDriven, nodeKey: string): unknown {
  return inputOf(run.plan.graph, foldAll(run.journal), execution, nodeKey);
}

test('a node without incoming edges gets the execution’s input', () => {
  expect(inputAfter(new HandDriven(planOf('a>b')).begin(), 'a')).toEqual({ n: 1 });
});

test('one edge gives its value, several an object by source key', () => {
  const run = new HandDriven(planOf('a>c', 'b>c', 'a>d')).begin().succeed('a', 1).succeed('b', [2]);
  expect(inputAfter(run, 'd')).toBe(1);
  expect(inputAfter(run, 'c')).toEqual({ a: 1, b: [2] });
});

test('edges that name different target handles give an object by handle', () => {
  const plan = planOf('a>c', 'b>c');
  plan.graph.nodes.get('c')!.incoming.forEach((edge, index) => {
    edge.targetHandle = ['left', 'right'][index]!;
  });
  const run = new HandDriven(plan).begin().succeed('a', 1).succeed('b', 2);
  expect(inputAfter(run, 'c')).toEqual({ left: 1, right: 2 });
});

test('edges of which one is alive give it by the handle that all name', () => {
  const plan = planOf('a.true>b', 'a.false>c', 'b>d', 'c>d', 'a>d');
  plan.graph.nodes
    .get('d')!
    .incoming.slice(0, 2)
    .forEach((edge) => {
      edge.targetHandle = 'order';
    });
  const joined = new HandDriven(plan).begin().succeed('a', 1, 'false').succeed('c', 2);
  expect(inputAfter(joined, 'd')).toEqual({ order: 2 });
  const both = planOf('a>d', 'b>d', 'c>d');
  both.graph.nodes
    .get('d')!
    .incoming.slice(0, 2)
    .forEach((edge) => {
      edge.targetHandle = 'order';
    });
  const all = new HandDriven(both).begin().succeed('a', 1).succeed('b', 2).succeed('c', 3);
  expect(inputAfter(all, 'd')).toEqual({ a: 1, b: 2, c: 3 });
});

test('an edge that is dead gives nothing to the object', () => {
  const run = new HandDriven(planOf('a.true>c', 'b>c')).begin().succeed('a', 1, 'false').succeed('b', 2);
  expect(inputAfter(run, 'c')).toEqual({ b: 2 });
});

test('the error handle gives the error and what the node was given', () => {
  const run = new HandDriven(planOf('a.error>b')).begin().fail('a');
  expect(inputAfter(run, 'b')).toMatchObject({ error: { code: 'TEST', nodeKey: 'a' }, input: { n: 1 } });
});

test('output nodes that were skipped are left out of the output', () => {
  const run = new HandDriven(planOf('a.true>b', 'a.false>c')).begin().succeed('a', 1, 'true').succeed('b', 5);
  expect(executionOutput(foldAll(run.journal), ['b', 'c'])).toEqual({ b: 5 });
});
