import type { Database } from '../../../server/db/database.ts';
import { ExecutionEntity } from '../../../server/db/entities/execution.entity.ts';
import { makeLimits } from '../../../server/engine/limits.ts';
import { startWorker } from '../../../server/engine/worker.ts';
import { makeRecentEvents } from '../../../server/journal/recent-events.ts';
import { blankExecution, makeInsertExecution } from '../../../server/use-cases/insert-execution.ts';
import { quiesce } from '../engine/support/hand-clock.ts';
import { makeHandEngine } from '../engine/support/hand-engine.ts';
import { handDraft } from '../engine/support/hand-nodes.ts';
import { HandHub, HandQueue } from '../engine/support/hand-queue.ts';

const DUPLICATE = Object.assign(new Error('duplicate key'), { code: '23505' });
const FIRST = Object.assign(new ExecutionEntity(), {
  id: 'exec_of_the_first_time',
  input: null,
  definition: null,
  idempotencyExpiresAt: null,
});

/** The database's answer to the insert is the test's; every look-up by key finds the execution of the first time. */
function handDatabase() {
  const inserts: PromiseWithResolvers<void>[] = [];
  const builder = { addSelect: () => builder, where: () => builder, getOne: async () => FIRST };
  const database = {
    manager: { createQueryBuilder: () => builder },
    pool: {
      query: () => {
        const insert = Promise.withResolvers<void>();
        inserts.push(insert);
        return insert.promise;
      },
    },
  };
  return { inserts, database: database as unknown as Database };
}

async function open(kind: 'no worker' | 'a full worker' | 'a free worker', runAhead: boolean) {
  const hub = new HandHub();
  const engine = makeHandEngine();
  const concurrency = kind === 'a full worker' ? 0 : 1;
  const options = { ...engine.deps, hub, queue: new HandQueue(), concurrency, shutdownGraceMs: 0, runAhead };
  const worker = kind === 'no worker' ? null : startWorker(options);
  await quiesce();
  const { database, inserts } = handDatabase();
  const recentEvents = makeRecentEvents(hub);
  const storage = { problem: () => null };
  const deps = { database, hub, recentEvents, worker, limits: makeLimits({ database, hub }), storage };
  const insertExecution = makeInsertExecution(deps);
  const definition = handDraft(['a']);
  const insert = (idempotencyKey: string | null) => {
    const row = {
      ...blankExecution,
      principal: 'test',
      project: 'default',
      workflowId: 'wf_1',
      versionNumber: 1,
      definition: null,
      input: null,
      idempotencyExpiresAt: null,
      timeoutMs: null,
    };
    return insertExecution({ ...row, idempotencyKey, retryOf: null, retryStrategy: null }, definition);
  };
  return { insert, inserts, nodes: engine.nodes, worker };
}

const kinds = ['no worker', 'a full worker', 'a free worker'] as const;
const cases = kinds.flatMap((kind) => [true, false].map((runAhead) => [kind, runAhead] as const));

describe.each(cases)('with %s (run ahead: %s)', (kind, runAhead) => {
  test('a repeated idempotency key gives the execution of the first time, and leaves nothing behind', async () => {
    const { insert, inserts, nodes, worker } = await open(kind, runAhead);
    const inserted = insert('key');
    await quiesce();
    inserts[0]!.reject(DUPLICATE);
    expect(await inserted).toEqual({ ok: true, value: FIRST });
    await quiesce();
    expect(nodes.running).toEqual([]);
    await worker?.[Symbol.asyncDispose]();
  });

  test('an insert that fails otherwise is its caller’s error, and nobody else’s', async () => {
    const { insert, inserts, nodes, worker } = await open(kind, runAhead);
    const inserted = insert(null);
    inserted.catch(() => {});
    await quiesce();
    inserts[0]!.reject(new Error('disk full'));
    await expect(inserted).rejects.toThrow('disk full');
    await quiesce();
    expect(nodes.running).toEqual([]);
    await worker?.[Symbol.asyncDispose]();
  });
});
