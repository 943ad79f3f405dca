import type { PgBoss } from 'pg-boss';
import { inTransaction } from '../db/boss.ts';
import type { Database, Tx } from '../db/database.ts';
import { SecurityAlertEntity } from '../db/entities/security-alert.entity.ts';
import { newestFirst, type PageRequest } from '../db/page.ts';
import type { Logger } from '../shared/logger.ts';
import { type Severity, severitiesFrom } from '../shared/severity.ts';
import { ALERT_RETRIES, postAlert } from './post-alert.ts';

export interface AlertSettings {
  /** So many violations of one subject within `windowSeconds` raise an alert. */
  violations: number;
  windowSeconds: number;
  /** The least severe violations that count. */
  severity: Severity;
  /** Where an alert is posted as JSON; undefined: nowhere. */
  webhookUrl: string | undefined;
}

export interface Alert {
  /** The workflow of the violations; without a workflow (pythonRun), the principal. */
  subject: string;
  executionId: string;
  violations: number;
  windowSeconds: number;
  raisedAt: string;
}

const QUEUE = 'security-alerts';

interface Waiting {
  executionId: string;
  judged: PromiseWithResolvers<Pick<Alert, 'violations' | 'windowSeconds'> | null>;
}

/**
 * Repeated violations raise an alert: a row, a log line and, where a webhook is set, a job that posts the alert and
 * retries. The engine adds an event to the journal. There is one alert per subject and window.
 *
 * A replica judges one batch at a time, of whatever executions: a flood of violations occupies one connection and not
 * the pool, which every other run needs.
 */
export async function openAlerts(deps: {
  database: Database;
  boss: PgBoss;
  settings: AlertSettings;
  logger: Logger;
}) {
  const { database, boss, settings, logger } = deps;
  const counted = severitiesFrom(settings.severity);
  let waiting: Waiting[] = [];
  let isJudging = false;
  await boss.createQueue(QUEUE, ALERT_RETRIES);
  if (settings.webhookUrl !== undefined) {
    const url = settings.webhookUrl;
    await boss.work<Alert>(QUEUE, { pollingIntervalSeconds: 1 }, async ([job]) =>
      postAlert(url, { type: 'security-alert', ...job!.data }),
    );
  }

  // cannot reject: it hands what fails to those who wait for it
  async function judgeAll(): Promise<void> {
    isJudging = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await judgeBatch(batch).catch((error) => {
        for (const { judged } of batch) judged.reject(error);
      });
    }
    isJudging = false;
  }

  async function judgeBatch(batch: readonly Waiting[]): Promise<void> {
    const alerts = await database.transaction(async (tx) => {
      const raised = await raiseDue(tx, new Set(batch.map(({ executionId }) => executionId)), settings);
      for (const alert of settings.webhookUrl === undefined ? [] : raised)
        await boss.send(QUEUE, alert, { db: inTransaction(tx) });
      return raised;
    });
    const byExecution = new Map(alerts.map((alert) => [alert.executionId, alert]));
    for (const alert of alerts) logger.error({ alert }, 'repeated security violations');
    for (const { executionId, judged } of batch) {
      const alert = byExecution.get(executionId);
      // Of several that wait for one execution, one gets its alert.
      byExecution.delete(executionId);
      judged.resolve(alert ? { violations: alert.violations, windowSeconds: alert.windowSeconds } : null);
    }
  }

  return {
    /**
     * Call it when violations of an execution are committed, with their severities. Resolves with the alert where they
     * raise one, else null.
     */
    async judge(
      executionId: string,
      severities: readonly Severity[],
    ): Promise<Pick<Alert, 'violations' | 'windowSeconds'> | null> {
      if (!severities.some((severity) => counted.includes(severity))) return null;
      const judged: Waiting['judged'] = Promise.withResolvers();
      waiting.push({ executionId, judged });
      if (!isJudging) void judgeAll();
      return judged.promise;
    },
  };
}

/** A raised alert, as the API lists it. */
export type RaisedAlert = Omit<Alert, 'raisedAt'> & { id: string; raisedAt: Date };

/** Newest first; a cursor is an id. One line more than requested shows that there are more. */
export async function readAlerts(
  { manager }: Database,
  page: PageRequest,
  project: string,
): Promise<RaisedAlert[]> {
  const { within, ...read } = newestFirst('id', page);
  return manager.find(SecurityAlertEntity, { where: { project, ...within }, ...read });
}

async function raiseDue(
  tx: Tx,
  executionIds: ReadonlySet<string>,
  { violations, windowSeconds, severity }: AlertSettings,
): Promise<Alert[]> {
  // One replica judges at a time: two that count the same violations must not both raise the alert. Nothing else takes
  // this lock.
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('weft-security-alerts', 0))`);
  const rows = await tx.query(RAISE_DUE, [
    [...executionIds],
    windowSeconds,
    violations,
    severitiesFrom(severity),
  ]);
  return rows.map(({ raisedAt, ...row }: Omit<Alert, 'raisedAt'> & { raisedAt: Date }) => ({
    ...row,
    raisedAt: raisedAt.toISOString(),
  }));
}

/** The time of the statement and not of the transaction, which may have waited for the lock. */
const RAISE_DUE = `
  WITH judged AS MATERIALIZED (
    SELECT DISTINCT ON (subject) subject, execution_id, project
    FROM (SELECT coalesce(workflow_id, 'python:' || principal) AS subject, id AS execution_id, project
          FROM executions WHERE id = ANY ($1)) AS violating
    WHERE NOT EXISTS (SELECT 1 FROM security_alerts a
                      WHERE a.subject = violating.subject
                        AND a.raised_at > statement_timestamp() - $2 * interval '1 second')
    ORDER BY subject, execution_id DESC
  )
  INSERT INTO security_alerts (project, subject, execution_id, violations, window_seconds, raised_at)
  SELECT judged.project, judged.subject, judged.execution_id, counted.violations, $2, statement_timestamp()
  FROM judged CROSS JOIN LATERAL (
    SELECT least(coalesce(sum(v.count), 0), 2147483647)::int AS violations FROM security_violations v
    WHERE coalesce(v.workflow_id, 'python:' || v.principal) = judged.subject
      AND v.occurred_at > statement_timestamp() - $2 * interval '1 second' AND v.severity = ANY ($4)
  ) AS counted
  WHERE counted.violations >= $3
  RETURNING subject, execution_id AS "executionId", violations, window_seconds AS "windowSeconds", raised_at AS "raisedAt"`;
