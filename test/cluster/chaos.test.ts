import { chaos } from '../support/chaos.ts';

/** The long one is bench/chaos.ts. */
test('whatever is killed under load, every execution ends, and no event is missed or doubled', async () => {
  const seed = Date.now() % 1_000_000;
  console.log(`chaos with seed ${seed}`);
  const { blows, executions, endings } = await chaos({ seed, blows: 8, everyMs: 1_500, lanes: 8 });
  expect(Object.values(blows).reduce((sum, count) => sum + count, 0)).toBe(8);
  expect(executions).toBeGreaterThanOrEqual(8);
  // With so many blows in so short a time a node may well lose its worker three times.
  for (const ending of Object.keys(endings))
    expect(['ExecutionSucceeded', 'ExecutionFailed NODE_INTERRUPTED']).toContain(ending);
}, 240_000);
