import type { PgBoss } from 'pg-boss';
import { inTransaction } from '../db/boss.ts';
import type { Database, Tx } from '../db/database.ts';
import { ALERT_RETRIES, postAlert } from '../security/post-alert.ts';
import { type Clock, setRepeatingTimer } from '../shared/clock.ts';
import type { Logger } from '../shared/logger.ts';

export interface ParkedAlertSettings {
  /** So many executions of one workflow that are parked raise an alert. */
  parked: number;
  /** At most one alert of a workflow within this time. */
  windowSeconds: number;
  /** Where an alert is posted as JSON; undefined: nowhere. */
  webhookUrl: string | undefined;
}

/** What is posted, with `type: 'executions-parked'`. */
export interface ParkedAlert {
  /** Null for a pythonRun. */
  workflowId: string | null;
  /** How many of it are parked. */
  parked: number;
  /** The latest of them, and why. */
  executionId: string;
  nodeKey: string;
  code: string;
  message: string;
  raisedAt: string;
}

const QUEUE = 'parked-alerts';
const INTERVAL_MS = 2_000;

/**
 * Failures that wait for somebody are told of: a log line and, where a webhook is set, a job that posts it and retries.
 * Any worker finds those that nobody was told of.
 */
export async function openParkedAlerts(deps: {
  database: Database;
  boss: PgBoss;
  settings: ParkedAlertSettings;
  clock: Clock;
  logger: Logger;
}): Promise<Disposable> {
  const { database, boss, settings, clock, logger } = deps;
  const { webhookUrl } = settings;
  await boss.createQueue(QUEUE, ALERT_RETRIES);
  if (webhookUrl !== undefined) {
    await boss.work<ParkedAlert>(QUEUE, { pollingIntervalSeconds: 1 }, async ([job]) =>
      postAlert(webhookUrl, { type: 'executions-parked', ...job!.data }),
    );
  }
  let isLooking = false;

  // cannot reject: it logs what fails
  async function look(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    try {
      const { rows } = await database.pool.query(UNALERTED);
      if (rows.length > 0) await raise();
    } catch (error) {
      logger.warn({ err: error }, 'alerts of parked executions are raised later');
    } finally {
      isLooking = false;
    }
  }

  async function raise(): Promise<void> {
    const alerts = await database.transaction(async (tx) => {
      const raised = await raiseDue(tx, settings);
      for (const alert of webhookUrl === undefined ? [] : raised)
        await boss.send(QUEUE, alert, { db: inTransaction(tx) });
      return raised;
    });
    for (const alert of alerts) logger.error({ alert }, 'executions wait for somebody to mend what failed');
  }

  return { [Symbol.dispose]: setRepeatingTimer(clock, INTERVAL_MS, () => void look()) };
}

async function raiseDue(tx: Tx, { parked, windowSeconds }: ParkedAlertSettings): Promise<ParkedAlert[]> {
  // One replica at a time: two must not both tell of the same.
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('weft-parked-alerts', 0))`);
  const rows = (await tx.query(RAISE_DUE, [parked, windowSeconds])) as (Omit<ParkedAlert, 'raisedAt'> & {
    raisedAt: Date;
  })[];
  return rows.map((row) => ({ ...row, raisedAt: row.raisedAt.toISOString() }));
}

const UNALERTED = `
  SELECT FROM parked_failures p JOIN executions e ON e.id = p.execution_id AND e.finished_at IS NULL
  WHERE p.alerted_at IS NULL LIMIT 1`;

/** Of each workflow with news, unless it was told of lately. A pythonRun has no workflow: all of them count as one. */
const RAISE_DUE = `
  WITH live AS (
    SELECT p.execution_id, p.node_key, p.error, p.parked_at, p.alerted_at, coalesce(e.workflow_id, '') AS workflow_id
    FROM parked_failures p JOIN executions e ON e.id = p.execution_id AND e.finished_at IS NULL
  ), due AS (
    SELECT workflow_id, count(DISTINCT execution_id)::int AS parked FROM live
    WHERE NOT EXISTS (SELECT FROM parked_alerts a WHERE a.workflow_id = live.workflow_id
                      AND a.raised_at > statement_timestamp() - $2 * interval '1 second')
    GROUP BY workflow_id HAVING count(DISTINCT execution_id) >= $1 AND bool_or(alerted_at IS NULL)
  ), latest AS (
    SELECT DISTINCT ON (workflow_id) workflow_id, parked, execution_id, node_key, error
    FROM live JOIN due USING (workflow_id) ORDER BY workflow_id, parked_at DESC
  ), told AS (
    UPDATE parked_failures p SET alerted_at = statement_timestamp() FROM live JOIN due USING (workflow_id)
    WHERE p.execution_id = live.execution_id AND p.node_key = live.node_key AND p.alerted_at IS NULL
  ), raised AS (
    INSERT INTO parked_alerts (workflow_id, raised_at) SELECT workflow_id, statement_timestamp() FROM due
    ON CONFLICT (workflow_id) DO UPDATE SET raised_at = excluded.raised_at
  )
  SELECT nullif(workflow_id, '') AS "workflowId", parked, execution_id AS "executionId", node_key AS "nodeKey",
         error->>'code' AS code, error->>'message' AS message, statement_timestamp() AS "raisedAt"
  FROM latest`;
