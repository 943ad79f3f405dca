import { HandDriven, planOf } from './drive-by-hand.ts';

const drive = (...edges: string[]) => new HandDriven(planOf(...edges)).begin();

test('a node starts when every edge to it is settled, and not before', () => {
  const run = drive('a>c', 'b>c');
  expect([...run.running]).toEqual(['a', 'b']);
  run.succeed('a');
  expect([...run.running]).toEqual(['b']);
  run.succeed('b');
  expect([...run.running]).toEqual(['c']);
});

test('branches that depend on nothing of each other run at the same time', () => {
  expect([...drive('a>b', 'a>c', 'b>d', 'c>d').succeed('a').running]).toEqual(['b', 'c']);
});

test('a node whose edges are all dead is skipped, and so is what follows it alone', () => {
  const run = drive('a.true>b', 'b>c', 'a.false>d', 'c>e', 'd>e').succeed('a', 1, 'false');
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
