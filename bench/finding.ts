/**
 * Claim: at a million executions a page of any filter is there within 20 ms. The lists read no events; how many there are
 * matters only where they take the memory that the lists had. Also what the database takes then, and how fast retention
 * deletes. `npm run bench -- finding 1000000 50` has fifty million events (16 GB); by default there are five each.
 */
import { openBenchServer } from './support/bench-server.ts';
import { deletionTimes, fillAtOnce, sizesOf } from './support/database-growth.ts';
import { percentile, round, timesOf } from './support/measure.ts';

const [EXECUTIONS = 1_000_000, EVENTS_EACH = 5] = process.argv.slice(2).map(Number);
const ROUNDS = 100;
const HOUR_MS = 3_600_000;

await using stack = new AsyncDisposableStack();
const { weft, sql, databaseUrl } = await openBenchServer(stack);
const now = new Date();
await fillAtOnce(sql, databaseUrl, {
  count: EXECUTIONS,
  now,
  everyMs: 60_000,
  eventsEach: EVENTS_EACH,
});

const ago = (hours: number) => new Date(now.getTime() - hours * HOUR_MS).toISOString();
const filters: Record<string, () => object> = {
  'no filter': () => ({}),
  'a workflow': () => ({ workflowId: `wf_${random(50)}` }),
  'a status': () => ({ statuses: ['FAILED'] }),
  'a label that 1 in 500 has': () => ({ labels: { customer: String(random(500)) } }),
  'a label that 1 in 3 has': () => ({ labels: { plan: 'gold' } }),
  'both labels': () => ({ labels: { customer: String(random(500)), plan: 'gold' } }),
  'an hour, long ago': () => {
    const hours = 100 + random(10_000);
    return { createdAfter: ago(hours), createdBefore: ago(hours - 1) };
  },
  'the code of an error': () => ({ errorCode: `CODE_${random(5)}` }),
  'a rare word of an error': () => ({ errorText: `reason${random(100) * 10}` }),
  'a word that every error has': () => ({ errorText: 'reason' }),
  'a duration that 1 in 1,000 has': () => ({ minDurationMs: 9_990 }),
  'label, status and word': () => ({
    labels: { plan: 'gold' },
    statuses: ['FAILED'],
    errorText: `reason${random(100) * 10}`,
  }),
};

const query =
  'query ($filter: ExecutionFilter) { executions(first: 50, filter: $filter) { nodes { id status labels } } }';
const nothing = await timesOf(ROUNDS, () => weft.query('{ __typename }'));
const rows: Record<string, object> = {};
for (const [name, filter] of Object.entries(filters)) {
  const times = await timesOf(ROUNDS, () => weft.query(query, { filter: filter() }));
  rows[name] = {
    'p50, ms': round(percentile(times, 50)),
    'p95, ms': round(percentile(times, 95)),
    'promise, p95': '≤ 20',
  };
}
const day = { from: ago(24), to: now.toISOString() };
const charts = await timesOf(ROUNDS, () =>
  weft.query(
    'query ($from: DateTime!, $to: DateTime) { executionStats(from: $from, to: $to) { count p95DurationMs } }',
    day,
  ),
);
rows['counts and durations of a day'] = {
  'p50, ms': round(percentile(charts, 50)),
  'p95, ms': round(percentile(charts, 95)),
};

const sizes = await sizesOf(sql);
const deletions = await deletionTimes(sql, ROUNDS);

console.log(`\n${EXECUTIONS} executions with ${EVENTS_EACH} events each: 50 of a filter, by HTTP`);
console.table(rows);
console.log(
  `Baseline: a request that reads nothing, p50 ${round(percentile(nothing, 50))} ms, p95 ${round(percentile(nothing, 95))} ms.`,
);
console.table(sizes);
console.log(
  `Retention, 100 executions with their journals in a statement: p50 ${round(percentile(deletions, 50))} ms, p95 ${round(percentile(deletions, 95))} ms.`,
);

function random(below: number): number {
  return Math.floor(Math.random() * below);
}
