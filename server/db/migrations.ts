import type { DataSource } from 'typeorm';
import { InitialSchema1764000000000 } from '../../migrations/1764000000000-initial-schema.ts';
import { Security1764100000000 } from '../../migrations/1764100000000-security.ts';
import { Artifacts1764200000000 } from '../../migrations/1764200000000-artifacts.ts';
import { ExecutionChanges1764300000000 } from '../../migrations/1764300000000-execution-changes.ts';
import { ViolationSeverity1764410000000 } from '../../migrations/1764410000000-violation-severity.ts';
import { ViolationCount1764420000000 } from '../../migrations/1764420000000-violation-count.ts';
import { WorkflowKeys1764500000000 } from '../../migrations/1764500000000-workflow-keys.ts';
import { IdempotencyExpiry1764510000000 } from '../../migrations/1764510000000-idempotency-expiry.ts';
import { Waits1764520000000 } from '../../migrations/1764520000000-waits.ts';
import { SubExecutions1764530000000 } from '../../migrations/1764530000000-sub-executions.ts';
import { Approvals1764540000000 } from '../../migrations/1764540000000-approvals.ts';
import { Files1764600000000 } from '../../migrations/1764600000000-files.ts';
import { Limits1764610000000 } from '../../migrations/1764610000000-limits.ts';
import { ParkedFailures1764611000000 } from '../../migrations/1764611000000-parked-failures.ts';
import { PartialRuns1764620000000 } from '../../migrations/1764620000000-partial-runs.ts';
import { Schedules1764630000000 } from '../../migrations/1764630000000-schedules.ts';
import { Access1764700000000 } from '../../migrations/1764700000000-access.ts';
import { AuditLog1764710000000 } from '../../migrations/1764710000000-audit-log.ts';
import { Webhooks1764800000000 } from '../../migrations/1764800000000-webhooks.ts';
import { Labels1764810000000 } from '../../migrations/1764810000000-labels.ts';
import { TokenLabels1764820000000 } from '../../migrations/1764820000000-token-labels.ts';
import { Projects1764900000000 } from '../../migrations/1764900000000-projects.ts';
import { ProjectPackages1764901000000 } from '../../migrations/1764901000000-project-packages.ts';
import { Secrets1764910000000 } from '../../migrations/1764910000000-secrets.ts';
import { ChangeFeed1764920000000 } from '../../migrations/1764920000000-change-feed.ts';
import { WebhookEndpoints1764921000000 } from '../../migrations/1764921000000-webhook-endpoints.ts';
import { TokenAllowance1764930000000 } from '../../migrations/1764930000000-token-allowance.ts';
import { AuditRetention1764935000000 } from '../../migrations/1764935000000-audit-retention.ts';
import { ProjectAllowance1764936000000 } from '../../migrations/1764936000000-project-allowance.ts';
import { TraceContext1764940000000 } from '../../migrations/1764940000000-trace-context.ts';
import { ProjectStorage1764941000000 } from '../../migrations/1764941000000-project-storage.ts';
import { SecretsDataKeys1764942000000 } from '../../migrations/1764942000000-secrets-data-keys.ts';
import { ErrorWords1764943000000 } from '../../migrations/1764943000000-error-words.ts';

/** In the order in which they are applied. */
export const migrations = [
  InitialSchema1764000000000,
  Security1764100000000,
  Artifacts1764200000000,
  ExecutionChanges1764300000000,
  ViolationSeverity1764410000000,
  ViolationCount1764420000000,
  WorkflowKeys1764500000000,
  IdempotencyExpiry1764510000000,
  Waits1764520000000,
  SubExecutions1764530000000,
  Approvals1764540000000,
  Files1764600000000,
  Limits1764610000000,
  ParkedFailures1764611000000,
  PartialRuns1764620000000,
  Schedules1764630000000,
  Access1764700000000,
  AuditLog1764710000000,
  Webhooks1764800000000,
  Labels1764810000000,
  TokenLabels1764820000000,
  Projects1764900000000,
  ProjectPackages1764901000000,
  Secrets1764910000000,
  ChangeFeed1764920000000,
  WebhookEndpoints1764921000000,
  TokenAllowance1764930000000,
  AuditRetention1764935000000,
  ProjectAllowance1764936000000,
  TraceContext1764940000000,
  ProjectStorage1764941000000,
  SecretsDataKeys1764942000000,
  ErrorWords1764943000000,
];

/** The table in which TypeORM records what it applied: names in order, and no times. */
export const MIGRATIONS_TABLE = 'weft_migrations';

export interface MigrationStatus {
  name: string;
  state: 'applied' | 'pending' | 'unknown';
}

/** Without a connection: no migration is applied. */
export function noMigrationApplied(): MigrationStatus[] {
  return compareMigrations([]);
}

/** Only reads, where TypeORM's own `showMigrations` would create the table. */
export async function readMigrationStatus(dataSource: DataSource): Promise<MigrationStatus[]> {
  const [{ isThere }] = await dataSource.query(`SELECT to_regclass($1) IS NOT NULL AS "isThere"`, [
    MIGRATIONS_TABLE,
  ]);
  if (!isThere) return noMigrationApplied();
  const rows = await dataSource.query(`SELECT name FROM ${MIGRATIONS_TABLE} ORDER BY id`);
  return compareMigrations(rows.map(({ name }: { name: string }) => name));
}

/** `unknown` are those that a newer Weft applied. */
function compareMigrations(applied: readonly string[]): MigrationStatus[] {
  const names = migrations.map(({ name }) => name);
  return [
    ...names.map((name) => ({ name, state: applied.includes(name) ? 'applied' : 'pending' }) as const),
    ...applied.filter((name) => !names.includes(name)).map((name) => ({ name, state: 'unknown' }) as const),
  ];
}
