import type { PgBoss } from 'pg-boss';
import { inTransaction } from '../db/boss.ts';
import type { Database, Tx } from '../db/database.ts';
import { SecurityAlertEntity } from '../db/entities/security-alert.entity.ts';
import { newestFirst, type PageRequest } from '../db/page.ts';
import type { Logger } from '../shared/logger.ts';
import { type Severity, severitiesFrom } from '../shared/severity.ts';

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
const WEBHOOK_TIMEOUT_MS = 10_000;

/**
 * Repeated violations raise an alert: a row, a log line and, where a webhook is set, a job that posts the alert and
 * retries. The engine adds an event to the journal. There is one alert per subject and window.
 */
export async function openAlerts(deps: {
  database: Database;
  boss: PgBoss;
  settings: AlertSettings;
  logger: Logger;
}) {
  const { database, boss, settings, logger } = deps;
  await boss.createQueue(QUEUE, { retryLimit: 8, retryDelay: 2, retryBackoff: true, retryDelayMax: 600 });
  if (settings.webhookUrl !== undefined) {
    const url = settings.webhookUrl;
    await boss.work<Alert>(QUEUE, { pollingIntervalSeconds: 1 }, async ([job]) => post(url, job!.data));
  }

  return {
    /**
     * Call it after each violation of an execution. Resolves with the alert where this violation raises one, else null.
     */
    async judge(executionId: string): Promise<Pick<Alert, 'violations' | 'windowSeconds'> | null> {
      const alert = await database.transaction(async (tx) => {
        const raised = await raiseIfDue(tx, executionId, settings);
        if (raised !== null && settings.webhookUrl !== undefined) {
          await boss.send(QUEUE, raised, { db: inTransaction(tx) });
        }
        return raised;
      });
      if (alert !== null) logger.error({ alert }, 'repeated security violations');
      return alert && { violations: alert.violations, windowSeconds: alert.windowSeconds };
    },
  };
}

/** A raised alert, as the API lists it. */
export type RaisedAlert = Omit<Alert, 'raisedAt'> & { id: string; raisedAt: Date };

/** Newest first; a cursor is an id. One line more than requested shows that there are more. */
export async function readAlerts({ manager }: Database, page: PageRequest): Promise<RaisedAlert[]> {
  const { within, ...read } = newestFirst('id', page);
  return manager.find(SecurityAlertEntity, { where: within, ...read });
}

async function raiseIfDue(tx: Tx, executionId: string, settings: AlertSettings): Promise<Alert | null> {
  const [execution] = await tx.query(
    `SELECT coalesce(workflow_id, 'python:' || principal) AS subject FROM executions WHERE id = $1`,
    [executionId],
  );
  const { subject } = execution;
  // One replica counts at a time: two that count the same violations must not both raise the alert.
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`security-alert ${subject}`]);
  const [{ violations, alerts }] = await tx.query(COUNT, [
    subject,
    settings.windowSeconds,
    severitiesFrom(settings.severity),
  ]);
  if (violations < settings.violations || alerts > 0) return null;
  const raisedAt = new Date();
  await tx.query(
    'INSERT INTO security_alerts (subject, execution_id, violations, window_seconds, raised_at) VALUES ($1, $2, $3, $4, $5)',
    [subject, executionId, violations, settings.windowSeconds, raisedAt],
  );
  return {
    subject,
    executionId,
    violations,
    windowSeconds: settings.windowSeconds,
    raisedAt: raisedAt.toISOString(),
  };
}

const COUNT = `
  SELECT
    (SELECT count(*)::int FROM security_violations
     WHERE coalesce(workflow_id, 'python:' || principal) = $1 AND occurred_at > now() - $2 * interval '1 second'
       AND severity = ANY ($3)) AS violations,
    (SELECT count(*)::int FROM security_alerts
     WHERE subject = $1 AND raised_at > now() - $2 * interval '1 second') AS alerts`;

/** Throws unless the answer is 2xx, so that pg-boss retries. */
async function post(url: string, alert: Alert): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'weft' },
    body: JSON.stringify({ type: 'security-alert', ...alert }),
    redirect: 'error',
    signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`The webhook answered ${response.status}`);
}
