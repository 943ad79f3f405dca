import fc from 'fast-check';
import { makePlan } from '../../../server/engine/plan.ts';
import { nodeRegistry } from '../../../server/nodes/registry.ts';
import { findStartConditions } from '../../../server/use-cases/start-conditions.ts';
import { draftOf, foldAll, HandDriven, nodeOf } from '../engine/drive-by-hand.ts';

/** A graph of branches, as texts for `draftOf`. */
const anyBranches = fc
  .tuple(
    fc.array(
      fc.record({
        from: fc.nat(6),
        step: fc.integer({ min: 1, max: 4 }),
        handle: fc.constantFrom('true', 'true', 'false', 'error'),
        input: fc.constantFrom('', '', '', '.x'),
      }),
      { minLength: 2, maxLength: 14 },
    ),
    fc.uniqueArray(fc.nat(10), { maxLength: 3 }),
  )
  .map(([edges, any]) => [
    ...any.map((n) => `n${n}=ANY`),
    ...new Set(edges.map(({ from, step, handle, input }) => `n${from}.${handle}>n${from + step}${input}`)),
  ]);

const anyEnds = fc.infiniteStream(
  fc.record({ pick: fc.nat(20), handle: fc.constantFrom('true', 'false', 'error') }),
);

function planOf(texts: string[]) {
  const draft = draftOf(...texts);
  const nodes = draft.nodes.map(({ key, join }) => ({ ...nodeOf(key, 'branch', { condition: '1' }), join }));
  return makePlan({ ...draft, nodes }, nodeRegistry);
}

/** One run, ended as the stream says. */
function play(texts: string[], ends: Iterator<{ pick: number; handle: string }>): HandDriven {
  const run = new HandDriven(planOf(texts)).begin();
  while (!run.isOver) {
    const { pick, handle } = ends.next().value;
    const running = [...run.running];
    const key = running[pick % running.length]!;
    if (handle === 'error') run.fail(key);
    else run.succeed(key, key, handle);
  }
  return run;
}

test('what is said to be impossible happens in no run of any graph', () => {
  fc.assert(
    fc.property(anyBranches, anyEnds, (texts, ends) => {
      const conditions = findStartConditions(planOf(texts).graph)!;
      const run = play(texts, ends);
      const { nodes } = foldAll(run.journal);
      for (const key of run.starts.keys()) {
        const own = conditions.of(key);
        expect([key, own]).not.toEqual([key, null]);
        for (const [source, handles] of own!) {
          const { status, handle } = nodes.get(source)!;
          expect(handles).toContain(status === 'FAILED' ? 'error' : handle);
        }
        for (const other of run.starts.keys())
          expect(conditions.conflict([own!, conditions.of(other)!])).toBeNull();
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a chain of a thousand nodes is followed, and only what no author has drawn is given up', () => {
  const keys = Array.from({ length: 999 }, (_, n) => `n${n}`);
  const chain = keys.slice(1).flatMap((key, n) => [`n${n}.true>${key}.a`, `n${n}.true>${key}.b`]);
  const forks = (every: number) => keys.filter((_, n) => n % every === 0).map((key) => `${key}.false>end.x`);
  expect(findStartConditions(planOf([...chain, ...forks(20)]).graph)!.of('n998')!.size).toBe(50);
  expect(findStartConditions(planOf([...chain, ...forks(1)]).graph)).toBeNull();
});
