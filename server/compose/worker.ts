import { makeExecutionStore } from '../engine/execution-store.ts';
import { makeFamily } from '../engine/family.ts';
import { makeParkedStates } from '../engine/parked-states.ts';
import type { Traces } from '../engine/traces.ts';
import { startWorker, type Worker } from '../engine/worker.ts';
import { openFileSweep } from '../files/sweep.ts';
import { makeExpressions } from '../nodes/expressions.ts';
import { openAlerts } from '../security/alerts.ts';
import { makeLateAudit } from '../security/late-violations.ts';
import { systemClock } from '../shared/clock.ts';
import { severityOf } from '../shared/severity.ts';
import { makeAuditUseCases } from '../use-cases/audit.ts';
import { openDeliverySender } from '../use-cases/deliveries/sender.ts';
import { makeExecutionUseCases } from '../use-cases/executions.ts';
import { openParkedAlerts } from '../use-cases/parked-alerts.ts';
import { openRetention } from '../use-cases/retention.ts';
import { makeSecretSources } from '../use-cases/secrets/secret-source.ts';
import { makeStartUseCases } from '../use-cases/start.ts';
import { openScheduler } from '../use-cases/triggers/scheduler.ts';
import type { Parts } from './parts.ts';

export async function openWorker(parts: Parts): Promise<Worker> {
  const { config, opened, database, pool, hub, boss, logger } = parts;
  const alerts = await openAlerts({ database, boss, settings: config.alerts, logger });
  const auditLate = makeLateAudit({
    database,
    onAdded(executionId, { violation }) {
      hub.wake('violation', executionId);
      alerts
        .judge(executionId, [severityOf(violation.layer)])
        .catch((error) => logger.warn({ err: error }, 'judging a late violation failed'));
    },
    logger,
  });
  const worker = startWorker({
    ...parts,
    traces: await openTraces(parts),
    store: makeExecutionStore(pool, parts.files),
    secretsOf: makeSecretSources(parts),
    family: makeFamily(parts),
    expressions: makeExpressions(parts.evaluator),
    parked: opened.use(makeParkedStates(systemClock)),
    judgeViolations: alerts.judge,
    auditLate,
    clock: systemClock,
    concurrency: config.workerConcurrency,
    shutdownGraceMs: config.shutdownGraceMs,
    runAhead: config.runAhead,
  });
  opened.use(worker);
  opened.use(await openParkedAlerts({ database, boss, settings: config.alerts, clock: systemClock, logger }));
  opened.use(
    openScheduler({
      database,
      evaluator: parts.evaluator,
      start: makeStartUseCases({ ...parts, worker }).start,
      cancel: makeExecutionUseCases(parts).cancel,
      clock: systemClock,
      logger,
    }),
  );
  opened.use(
    openDeliverySender({
      ...parts,
      audit: makeAuditUseCases(parts),
      settings: config.deliveries,
      clock: systemClock,
    }),
  );
  const { retentionDays: days, auditDays } = config;
  opened.use(await openRetention({ pool, boss, days, auditDays, logger }));
  opened.use(await openFileSweep({ files: parts.files, boss, uploadMs: config.files.uploadMs, logger }));
  return worker;
}

/** Loads what traces need only where they are wanted. */
export async function openTraces({ config: { traces }, opened, logger }: Parts): Promise<Traces | null> {
  if (traces === null) return null;
  const telemetry = await import('../telemetry/traces.ts');
  return opened.use(telemetry.openTraces(traces, logger));
}
