import type { Database, Tx } from '../db/database.ts';
import type { Hub } from '../journal/hub.ts';
import { type LimitName, limitNames } from '../nodes/limits.ts';
import {
  ADMIT_BATCH,
  admitDebounced,
  admitRated,
  admitToSlots,
  DUE_LINES,
  LEAVE,
  PLACE,
  SCHEDULE,
  TELL,
} from './limits-sql.ts';

/**
 * The limits of workflows: which executions may begin. What waits for a limit has a row in `limited_executions` and no
 * job. The rows of one workflow, limit and key are a line, and a line is changed only with its lock.
 *
 *   start → DEBOUNCE → CONCURRENCY → RATE → a job, which any worker claims
 *           its time   a slot is free       fewer than `max` within `perMs`
 *
 * An execution has its slot from then until its end, through all its waits. The limits are those of the workflow's latest
 * version; the keys are of the moment of the start. `due_at` marks a line to be looked at again, so that nothing is
 * forgotten where a process ends between two transactions.
 */
export interface Limits {
  /** Lets the next one go where the execution has ended. May be called again for the same end. */
  release(executionId: string): Promise<void>;
  /** Lets go what is due by its time. */
  advanceDue(): Promise<void>;
  /** Goes on with what `enter` or a transaction has left to be looked at. */
  advance(lines: readonly Line[]): Promise<void>;
}

/** Executions that wait for one limit of a workflow, of one key: the JSON text of its value. */
export interface Line {
  workflowId: string;
  limit: LimitName;
  key: string;
}

/** What a transaction has changed beside its own rows. */
export interface Moved {
  /** Lines whose executions may go on: each in a transaction of its own. */
  next: Line[];
  /** Executions whose journal says now what they wait for. */
  told: string[];
  /** Whether there are new jobs. */
  hasJobs: boolean;
}

/** A line that changes all the time is looked at again a second later. */
const MAX_ROUNDS = 10;
const FORGET_INTERVAL_MS = 60_000;

export function makeLimits({ database, hub }: { database: Database; hub: Hub }): Limits {
  let forgotAt = 0;

  async function advance(lines: readonly Line[]): Promise<void> {
    for (const todo = [...lines]; todo.length > 0; ) {
      const line = todo.shift()!;
      const moved = await database.transaction(async (tx) => {
        const [, advanced] = await Promise.all([lockLines(tx, [line]), advanceLine(tx, line)]);
        return advanced;
      });
      announce(hub, moved);
      todo.push(...moved.next);
    }
  }

  return {
    advance,

    async release(executionId) {
      const moved = await database.transaction((tx) => leave(tx, executionId));
      announce(hub, moved);
      await advance(moved.next);
    },

    async advanceDue() {
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        const { rows } = await database.pool.query<Line>({ name: 'weft-due-lines', text: DUE_LINES });
        if (rows.length === 0) break;
        await advance(rows);
      }
      if (Date.now() - forgotAt < FORGET_INTERVAL_MS) return;
      forgotAt = Date.now();
      await database.pool.query('DELETE FROM rate_admissions WHERE expires_at < now()');
    },
  };
}

/** Wakes those who have to know. */
export function announce(hub: Hub, { told, hasJobs }: Moved): void {
  for (const id of told) {
    hub.wake('journal', id);
    hub.wake('status', id);
  }
  if (hasJobs) hub.wake('queue', '');
}

/**
 * Always in the order of the limits, so that no two transactions wait for each other. What follows in the transaction may
 * be sent at once, and then shares the round trip: a lock is held for as short as it can be.
 */
export async function lockLines(tx: Tx, lines: readonly Line[]): Promise<void> {
  const order = ({ limit }: Line) => limitNames.indexOf(limit);
  const sorted = lines.toSorted((a, b) => order(a) - order(b));
  await Promise.all(
    sorted.map(({ workflowId, limit, key }) => tx.query(LOCK, [`weft-limit ${limit} ${workflowId} ${key}`])),
  );
}

const LOCK = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))';

/** Lets go whoever may, in order. Needs the line's lock. */
export async function advanceLine(tx: Tx, { workflowId, limit, key }: Line): Promise<Moved> {
  const sql = { DEBOUNCE: admitDebounced, CONCURRENCY: admitToSlots, RATE: admitRated }[limit];
  const moved: Moved = { next: [], told: [], hasJobs: false };
  for (let count = ADMIT_BATCH; count === ADMIT_BATCH; ) {
    const [rows, , told]: [Admitted[], unknown, { id: string }[]] = await Promise.all([
      tx.query(sql, [workflowId, key]),
      limit === 'DEBOUNCE' ? null : tx.query(SCHEDULE[limit], [workflowId, key]),
      tx.query(TELL, [workflowId, key, limit]),
    ]);
    for (const row of rows) {
      if (row.limit === null) moved.hasJobs = true;
      else addLine(moved.next, { workflowId, limit: row.limit, key: row.key });
    }
    moved.told.push(...told.map(({ id }) => id));
    count = rows.length;
  }
  return moved;
}

/** `limit`: what it waits for now; null where it has a job. */
interface Admitted {
  limit: LimitName | null;
  key: string;
}

function addLine(lines: Line[], line: Line): void {
  if (!lines.some(({ limit, key }) => limit === line.limit && key === line.key)) lines.push(line);
}

async function leave(tx: Tx, executionId: string): Promise<Moved> {
  const [place] = (await tx.query(PLACE, [executionId])) as Place[];
  if (place === undefined) return together([]);
  const lines = linesOf(place);
  const [, , ...advanced] = await Promise.all([
    lockLines(tx, lines),
    tx.query(LEAVE, [executionId]),
    ...lines.map((line) => advanceLine(tx, line)),
  ]);
  return together(advanced);
}

export function together(all: readonly Moved[]): Moved {
  return {
    next: all.flatMap(({ next }) => next),
    told: all.flatMap(({ told }) => told),
    hasJobs: all.some(({ hasJobs }) => hasJobs),
  };
}

interface Place {
  workflowId: string;
  concurrencyKey: string | null;
  rateKey: string | null;
}

/** All that it may wait in: it may have moved on before they are locked. */
function linesOf({ workflowId, concurrencyKey, rateKey }: Place): Line[] {
  return [
    ...(concurrencyKey === null ? [] : [{ workflowId, limit: 'CONCURRENCY' as const, key: concurrencyKey }]),
    ...(rateKey === null ? [] : [{ workflowId, limit: 'RATE' as const, key: rateKey }]),
  ];
}
