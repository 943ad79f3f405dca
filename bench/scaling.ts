/**
 * How cost grows: curves over sizes, each with the exponents of its figures and a baseline of the same run. Figures of
 * CPU say more than those of time, because the client shares the cores. `npm run bench -- scaling` has all curves,
 * `npm run bench -- scaling nodes` one, and `npm run bench -- scaling database 10000000` goes up to that size.
 */
import { databaseCurve } from './scaling/database.ts';
import { executionsCurve } from './scaling/executions.ts';
import { inputsCurve } from './scaling/inputs.ts';
import { journalsCurve } from './scaling/journals.ts';
import { nodesCurve } from './scaling/nodes.ts';
import { subscribersCurve } from './scaling/subscribers.ts';
import { waitsCurve } from './scaling/waits.ts';
import { type BenchServer, openBenchServer } from './support/bench-server.ts';

interface Curve {
  sizes: readonly number[];
  /** Where none is named. */
  upTo?: number;
  measure: (server: BenchServer, sizes: readonly number[]) => Promise<void>;
}

const curves: Record<string, Curve> = {
  executions: { sizes: [1_000, 100_000, 1_000_000], upTo: 100_000, measure: executionsCurve },
  subscribers: { sizes: [1, 100, 10_000], measure: subscribersCurve },
  nodes: { sizes: [1, 40, 1_000], measure: nodesCurve },
  inputs: { sizes: [1, 32, 1_024, 15 * 1_024], measure: inputsCurve },
  journals: { sizes: [10, 1_000, 100_000, 1_000_000], upTo: 100_000, measure: journalsCurve },
  waits: { sizes: [10, 100, 300, 1_000, 3_000], upTo: 1_000, measure: waitsCurve },
  database: { sizes: [100_000, 1_000_000, 10_000_000], upTo: 1_000_000, measure: databaseCurve },
};

const [name, most] = process.argv.slice(2);
if (name !== undefined && !(name in curves))
  throw new Error(`Expected one of ${Object.keys(curves).join(', ')}, got ${name}`);
for (const [each, { sizes, upTo = Number.POSITIVE_INFINITY, measure }] of Object.entries(curves)) {
  if (name !== undefined && each !== name) continue;
  const largest = most === undefined ? upTo : Number(most);
  await using stack = new AsyncDisposableStack();
  await measure(
    await openBenchServer(stack),
    sizes.filter((size) => size <= largest),
  );
}
