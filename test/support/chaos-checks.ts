import type { Client } from 'pg';
import { Fault, type Watched } from './chaos-load.ts';
import { eventually } from './eventually.ts';
import { connect } from './sql.ts';

export interface ChaosReport {
  blows: Record<string, number>;
  executions: number;
  endings: Record<string, number>;
  events: number;
  /** How often a subscriber had to connect again. */
  reconnects: number;
  /** Nodes begun again because their worker was lost. */
  interruptions: number;
  /** Attempts that ended because their sandbox service was lost. */
  serviceErrors: number;
  longestMs: number;
}

/** @throws Fault when what is in the database, or what the subscribers saw, is not as it should be */
export async function checkJournals(
  databaseUrl: string,
  watched: readonly Watched[],
  effects: readonly string[],
): Promise<void> {
  await using sql = await connect(databaseUrl);
  // A job is completed after all that follows from the end of its execution: its slot is free, its children are ended.
  await eventually('no job is left in the queue', async () => {
    const { rows } = await sql.query(
      `SELECT count(*)::int AS left FROM pgboss.job WHERE name = 'executions' AND state IN ('created', 'retry', 'active')`,
    );
    return rows[0].left === 0;
  });
  for (const [what, query] of Object.entries(FLAWS)) {
    const { rows } = await sql.query(query);
    if (rows.length > 0) throw new Fault(`There are ${what}: ${JSON.stringify(rows.slice(0, 5))}`);
  }
  const { rows: counted } = await sql.query(
    'SELECT count(*)::int AS executions FROM executions WHERE parent_id IS NULL',
  );
  if (counted[0].executions !== watched.length)
    throw new Fault(
      `${watched.length} executions were started, but the database has ${counted[0].executions}`,
    );
  for (const { executionId, events, expected } of watched) {
    const { rows } = await sql.query<{ type: string }>(
      'SELECT type FROM execution_events WHERE execution_id = $1 ORDER BY seq',
      [executionId],
    );
    const seen = events.map(({ __typename }) => __typename).join(' ');
    if (seen !== rows.map(({ type }) => type).join(' '))
      throw new Fault(`A subscriber of ${executionId} saw what is not in the journal: ${seen}`);
    const { __typename, output } = events.at(-1)!;
    if (__typename === 'ExecutionSucceeded' && JSON.stringify(output) !== JSON.stringify(expected))
      throw new Fault(`${executionId} gave ${JSON.stringify(output)}, not ${JSON.stringify(expected)}`);
  }
  await checkEffects(sql, effects);
}

/** Each effect belongs to one attempt that the journal knows, and each success of such a node had its effect. */
async function checkEffects(sql: Client, effects: readonly string[]): Promise<void> {
  const { rows } = await sql.query<{ id: string; type: string; attempt: number }>(
    `SELECT execution_id AS id, type, attempt FROM execution_events
     WHERE node_key = 'effect' AND type IN ('NodeStarted', 'NodeSucceeded')`,
  );
  const keysOf = (type: string) =>
    rows.filter((row) => row.type === type).map(({ id, attempt }) => `${id}.effect..${attempt}`);
  const [started, done] = [new Set(keysOf('NodeStarted')), new Set(effects)];
  const stray = effects.find((key) => !started.has(key));
  if (stray !== undefined) throw new Fault(`The effect ${stray} belongs to no attempt of a journal`);
  const missing = keysOf('NodeSucceeded').find((key) => !done.has(key));
  if (missing !== undefined) throw new Fault(`${missing} succeeded without its effect`);
}

export function reportOf(blows: Record<string, number>, watched: readonly Watched[]): ChaosReport {
  const endings: Record<string, number> = {};
  let interruptions = 0;
  let serviceErrors = 0;
  for (const { events } of watched) {
    const { __typename, error } = events.at(-1)!;
    const ending = error === undefined ? __typename : `${__typename} ${error.code}`;
    endings[ending] = (endings[ending] ?? 0) + 1;
    const starts = events.filter((event) => event.__typename === 'NodeStarted').length;
    const ends = events.filter(({ __typename: type }) =>
      /^Node(Succeeded|Failed|RetryScheduled)$/.test(type),
    ).length;
    serviceErrors += events.filter(
      ({ __typename: type, error: why }) =>
        type === 'NodeRetryScheduled' && why.code === 'PYTHON_SERVICE_ERROR',
    ).length;
    interruptions += Math.max(0, starts - ends);
  }
  return {
    blows,
    executions: watched.length,
    endings,
    events: watched.reduce((sum, { events }) => sum + events.length, 0),
    reconnects: watched.reduce((sum, { connections }) => sum + connections - 1, 0),
    interruptions,
    serviceErrors,
    longestMs: Math.max(...watched.map(({ events }) => tookMs(events))),
  };
}

function tookMs(events: Watched['events']): number {
  return Date.parse(events.at(-1)!.occurredAt) - Date.parse(events[0]!.occurredAt);
}

const FLAWS = {
  'executions that still wait for a limit, or hold a slot of one':
    'SELECT execution_id AS id FROM limited_executions',
  'executions that did not end': `SELECT id FROM executions WHERE status NOT IN ('SUCCEEDED', 'FAILED', 'CANCELED')`,
  'journals with a gap': `
    SELECT execution_id FROM execution_events GROUP BY execution_id HAVING count(*) <> max(seq) OR min(seq) <> 1`,
  'signals that a node took twice, or that were for another node': `
    SELECT e.execution_id, e.payload->'signal' FROM execution_events e
    LEFT JOIN execution_signals s ON s.execution_id = e.execution_id
      AND s.number = (e.payload->'signal'->>'number')::int AND s.node_key = e.node_key
    WHERE type = 'NodeResumed' AND e.payload->'signal'->>'number' IS NOT NULL AND s.number IS NULL`,
  'sub-workflows that were started twice': `
    SELECT parent_id, parent_item FROM executions WHERE parent_node_key = 'sub' AND status = 'SUCCEEDED'
    GROUP BY parent_id, parent_item HAVING count(*) > 1`,
  'executions that are parked': 'SELECT id FROM executions WHERE wake_at IS NOT NULL',
  'nodes that succeeded twice': `
    SELECT execution_id, node_key, item FROM execution_events WHERE type = 'NodeSucceeded'
    GROUP BY execution_id, node_key, item HAVING count(*) > 1`,
  'journals that do not end with the one event that ends them': `
    SELECT execution_id FROM execution_events GROUP BY execution_id
    HAVING array_agg(seq) FILTER (WHERE type IN ('ExecutionSucceeded', 'ExecutionFailed', 'ExecutionCanceled'))
           IS DISTINCT FROM ARRAY[max(seq)]`,
  'executions whose row and journal differ': `
    SELECT id FROM executions JOIN execution_events ON execution_id = id
    WHERE type ~ '^Execution(Succeeded|Failed|Canceled)$' AND upper(substr(type, 10)) <> status`,
};
