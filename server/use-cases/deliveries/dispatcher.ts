import type { Database, Tx } from '../../db/database.ts';
import { newIdPrefix } from '../../shared/ids.ts';
import type { ChangeType } from '../changes/change.ts';
import type { Place } from '../changes/change-cursor.ts';
import { type PlacedChange, readChanges } from '../changes/read-changes.ts';
import type { Labels } from '../labels.ts';
import { type Message, messageOf } from './message.ts';

/** Changes that one transaction makes deliveries of. */
const PAGE = 500;

/**
 * Makes deliveries of changes, by one process at a time: the deliveries of a page and the place in the feed commit
 * together, so nothing is lost and nothing made twice whenever a process dies. True where more follows.
 */
export async function dispatchChanges({ database }: { database: Database }): Promise<boolean> {
  return database.transaction(async (tx) => {
    const place = await lockPlace(tx);
    if (place === null) return false;
    const page = await readChanges(database.pool, place, {}, PAGE);
    // After the page: an endpoint that was made before one of its changes is there by now.
    const endpoints = (await tx.query(ENDPOINTS)) as Endpoint[];
    await insertDeliveries(
      tx,
      page.changes.flatMap((change) => {
        const wanting = endpoints.filter((each) => wants(each, change));
        const message = wanting.length > 0 ? messageOf(change) : null;
        return wanting.map(({ id }) => ({ endpointId: id, message: message! }));
      }),
    );
    const { txid, executionId, sequence } = page.end;
    // What is before the end has no changes, and costs nothing to be read again: an idle server writes nothing.
    if (page.changes.length > 0 || !page.atEnd)
      await tx.query(MOVE, [txid.toString(), executionId, sequence]);
    return !page.atEnd;
  });
}

interface Endpoint {
  id: string;
  project: string;
  types: ChangeType[];
  workflowKeys: string[] | null;
  labels: Labels | null;
  fromTxid: string;
}

/** Null where nobody is to be sent anything, and where another process has it. */
async function lockPlace(tx: Tx): Promise<Place | null> {
  const [{ isLocked }] = (await tx.query(LOCK)) as [{ isLocked: boolean }];
  if (!isLocked) return null;
  const [row] = (await tx.query(PLACE)) as {
    txid: string;
    executionId: string;
    sequence: number;
    isAhead: boolean;
  }[];
  if (row === undefined) return null;
  const { txid, executionId, sequence } = row;
  if (!row.isAhead) return { txid: BigInt(txid), executionId, sequence, at: new Date() };
  // Restored from a dump, where transactions are counted anew: what was before is not sent again.
  await tx.query(RESTART);
  return null;
}

function wants({ project, types, workflowKeys, labels, fromTxid }: Endpoint, change: PlacedChange): boolean {
  return (
    project === change.project &&
    types.includes(change.type) &&
    BigInt(change.txid) >= BigInt(fromTxid) &&
    (workflowKeys === null || (change.workflowKey !== null && workflowKeys.includes(change.workflowKey))) &&
    Object.entries(labels ?? {}).every(([name, value]) => change.labels?.[name] === value)
  );
}

async function insertDeliveries(
  tx: Tx,
  deliveries: { endpointId: string; message: Message }[],
): Promise<void> {
  if (deliveries.length === 0) return;
  // In the order of the feed, which the log is in as well.
  const prefix = newIdPrefix('dlv');
  await tx.query(INSERT, [
    deliveries.map((_, n) => prefix + n.toString(16).padStart(12, '0')),
    deliveries.map(({ endpointId }) => endpointId),
    deliveries.map(({ message }) => message.id),
    deliveries.map(({ message }) => message.type),
    deliveries.map(({ message }) => message.executionId),
    deliveries.map(({ message }) => message.payload),
  ]);
}

const ENDPOINTS = `
  SELECT id, project, types, workflow_keys AS "workflowKeys", labels, from_txid::text AS "fromTxid"
  FROM webhook_endpoints WHERE is_enabled ORDER BY id`;
const LOCK = `
  SELECT EXISTS (SELECT FROM webhook_endpoints WHERE is_enabled)
         AND pg_try_advisory_xact_lock(hashtextextended('weft-webhook-dispatch', 0)) AS "isLocked"`;
const PLACE = `
  SELECT txid::text AS txid, execution_id AS "executionId", sequence,
         txid > pg_snapshot_xmax(pg_current_snapshot()) AS "isAhead"
  FROM webhook_dispatch`;
const RESTART = `
  WITH begun AS (UPDATE webhook_endpoints SET from_txid = pg_current_xact_id())
  UPDATE webhook_dispatch SET txid = pg_snapshot_xmin(pg_current_snapshot()), execution_id = '', sequence = 0`;
const MOVE = 'UPDATE webhook_dispatch SET txid = $1, execution_id = $2, sequence = $3';

/** An endpoint may be deleted meanwhile. */
const INSERT = `
  INSERT INTO webhook_deliveries (id, project, endpoint_id, message_id, type, execution_id, payload, next_attempt_at)
  SELECT d.id, e.project, e.id, d.message_id, d.type, d.execution_id, d.payload, now()
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS d (id, endpoint_id, message_id, type, execution_id, payload)
  JOIN webhook_endpoints e ON e.id = d.endpoint_id
  ON CONFLICT (endpoint_id, message_id) DO NOTHING`;
