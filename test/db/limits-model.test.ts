import fc from 'fast-check';
import { openBoss } from '../../server/db/boss.ts';
import { type Database, openDatabase } from '../../server/db/database.ts';
import { type Limits, makeLimits } from '../../server/engine/limits.ts';
import { openQueue } from '../../server/engine/queue.ts';
import { openHub } from '../../server/journal/hub.ts';
import { makeRecentEvents } from '../../server/journal/recent-events.ts';
import type { WhenFull } from '../../server/nodes/draft.ts';
import { newId } from '../../server/shared/ids.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { blankExecution, makeInsertExecution } from '../../server/use-cases/insert-execution.ts';
import { openProjectStorage } from '../../server/use-cases/project-storage.ts';
import { createDatabase } from '../support/test-postgres.ts';

const stack = new AsyncDisposableStack();
let database: Database;
let limits: Limits;
let insert: ReturnType<typeof makeInsertExecution>;

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  const logger = makeLogger('warn');
  database = stack.use(await openDatabase({ url, logger }));
  const { pool } = database;
  const { boss } = stack.use(await openBoss({ pool, supervise: false, logger }));
  await openQueue(boss, pool);
  const hub = stack.use(openHub({ pool, url, replicaId: newId('wrk'), logger }));
  limits = makeLimits({ database, hub });
  const recentEvents = stack.use(makeRecentEvents(hub));
  const storage = stack.use(openProjectStorage({ pool, hub }));
  insert = makeInsertExecution({ database, hub, recentEvents, worker: null, limits, storage });
});
afterAll(() => stack.disposeAsync());

interface Model {
  max: number;
  whenFull: WhenFull;
  /** By key: who has a slot, and who waits, the next one first. */
  lines: Map<string, { running: string[]; waiting: { id: string; priority: number }[] }>;
}

type Step =
  | { do: 'start'; key: string; priority: number }
  /** Not `seenOnce`: two workers believe that the release is theirs. */
  | { do: 'end' | 'cancel'; key: string; which: number; seenOnce: boolean };

const key = fc.constantFrom('a', 'b');
const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('start' as const),
        key,
        priority: fc.integer({ min: 1, max: 5 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom('end' as const, 'cancel' as const),
        key,
        which: fc.nat(20),
        seenOnce: fc.boolean(),
      }),
    },
  ),
  { minLength: 5, maxLength: 25 },
);

test('whatever starts, ends and is cancelled: as many run as may, who waits is in order, and in the end nobody does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom<WhenFull>('QUEUE', 'DROP'),
      steps,
      async (max, whenFull, all: Step[]) => {
        const workflowId = await makeWorkflow(max);
        const model: Model = { max, whenFull, lines: new Map() };
        for (const step of all) {
          await take(workflowId, model, step);
          expect(await read(workflowId)).toEqual(expected(model));
        }
        for (const [name, line] of model.lines)
          while (line.running.length > 0)
            await take(workflowId, model, { do: 'end', key: name, which: 0, seenOnce: true });
        expect(await read(workflowId)).toEqual({});
      },
    ),
    { numRuns: 40 },
  );
});

async function take(workflowId: string, model: Model, step: Step): Promise<void> {
  const line = model.lines.get(step.key) ?? { running: [], waiting: [] };
  model.lines.set(step.key, line);
  if (step.do === 'start') {
    const isFull = line.running.length >= model.max;
    const outcome = await start(workflowId, model, step);
    expect(outcome.ok).toBe(!(isFull && model.whenFull === 'DROP'));
    if (!outcome.ok) return;
    if (!isFull) line.running.push(outcome.value.id);
    else line.waiting.push({ id: outcome.value.id, priority: step.priority });
    // A later one of the same priority is behind those that wait: the sort is stable.
    line.waiting.sort((one, other) => other.priority - one.priority);
    return;
  }
  const ids = step.do === 'end' ? line.running : line.waiting.map(({ id }) => id);
  if (ids.length === 0) return;
  const id = ids[step.which % ids.length]!;
  await database.pool.query("UPDATE executions SET status = 'SUCCEEDED', finished_at = now() WHERE id = $1", [
    id,
  ]);
  await limits.release(id);
  if (!step.seenOnce) await limits.release(id);
  if (step.do === 'cancel') line.waiting = line.waiting.filter((each) => each.id !== id);
  else {
    line.running = line.running.filter((each) => each !== id);
    const next = line.waiting.shift();
    if (next !== undefined) line.running.push(next.id);
  }
}

function start(
  workflowId: string,
  { max, whenFull }: Model,
  { key: name, priority }: { key: string; priority: number },
) {
  const from = { principal: 'test', project: 'default' };
  const execution = { ...blankExecution, ...from, workflowId, versionNumber: 1, priority };
  const own = { debounce: null, concurrency: { key: JSON.stringify(name), max, whenFull }, rate: null };
  return insert(execution, null, own);
}

const expected = ({ lines }: Model) =>
  Object.fromEntries(
    [...lines]
      .filter(([, { running, waiting }]) => running.length + waiting.length > 0)
      .map(([name, { running, waiting }]) => [
        JSON.stringify(name),
        { running: running.toSorted(), waiting: waiting.map(({ id }) => id) },
      ]),
  );

/** As the database has it, by key; who runs has a job, and who waits has none. */
async function read(workflowId: string): Promise<object> {
  const { rows } = await database.pool.query<{
    key: string;
    id: string;
    has_slot: boolean;
    has_job: boolean;
  }>(
    `SELECT l.concurrency_key AS key, l.execution_id AS id, l.has_slot,
            EXISTS (SELECT FROM pgboss.job j WHERE j.data->>'executionId' = l.execution_id) AS has_job
     FROM limited_executions l WHERE l.workflow_id = $1 ORDER BY l.priority DESC, l.number`,
    [workflowId],
  );
  const found: Record<string, { running: string[]; waiting: string[] }> = {};
  for (const row of rows) {
    expect(row.has_job).toBe(row.has_slot);
    found[row.key] ??= { running: [], waiting: [] };
    found[row.key]![row.has_slot ? 'running' : 'waiting'].push(row.id);
  }
  for (const line of Object.values(found)) line.running.sort();
  return found;
}

async function makeWorkflow(max: number): Promise<string> {
  const id = newId('wf');
  await database.pool.query(
    'INSERT INTO workflows (id, key, name, latest_version, created_at, updated_at) VALUES ($1, $1, $1, 1, now(), now())',
    [id],
  );
  const definition = {
    name: id,
    nodes: [],
    edges: [],
    concurrency: { max, key: 'input', whenFull: 'QUEUE' },
  };
  await database.pool.query(
    'INSERT INTO workflow_versions (workflow_id, number, definition, created_at) VALUES ($1, 1, $2, now())',
    [id, JSON.stringify(definition)],
  );
  return id;
}
