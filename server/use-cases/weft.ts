import type { Files } from '../files/files.ts';
import type { NodeDescription } from '../nodes/describe.ts';
import type { PackageRules } from '../packages/check.ts';
import type { SandboxStatus } from '../sandbox/backend.ts';
import type { makeApprovalUseCases } from './approvals.ts';
import type { makeAuditUseCases } from './audit.ts';
import type { makeBulkUseCases } from './bulk.ts';
import type { makeChangeUseCases } from './changes/changes.ts';
import type { makeDeliveryUseCases } from './deliveries/endpoints.ts';
import type { makeStatsUseCases } from './execution-stats.ts';
import type { makeExecutionUseCases } from './executions.ts';
import type { makeExportUseCases } from './export.ts';
import type { makeProjectUseCases } from './projects.ts';
import type { makePythonUseCases } from './python.ts';
import type { makeResumeUseCases } from './resume.ts';
import type { makeRetryUseCases } from './retry.ts';
import type { SecretUseCases } from './secrets/secrets.ts';
import type { makeStartUseCases } from './start.ts';
import type { TokenUseCases } from './tokens.ts';
import type { makeScheduleUseCases } from './triggers/schedules.ts';
import type { makeViolationUseCases } from './violations.ts';
import type { makeWebhookUseCases } from './webhooks/webhooks.ts';
import type { WorkflowUseCases } from './workflows.ts';

/** The use cases, whoever the client is: what the API calls, wired once in compose.ts. */
export interface Weft {
  nodeDefinitions(): readonly NodeDescription[];
  workflows: WorkflowUseCases;
  executions: ReturnType<typeof makeExecutionUseCases> &
    ReturnType<typeof makeStartUseCases> &
    ReturnType<typeof makeRetryUseCases> &
    ReturnType<typeof makeResumeUseCases> &
    ReturnType<typeof makeBulkUseCases> &
    ReturnType<typeof makeStatsUseCases> &
    ReturnType<typeof makeExportUseCases>;
  files: Pick<Files, 'find' | 'open'>;
  tokens: TokenUseCases;
  secrets: SecretUseCases;
  audit: ReturnType<typeof makeAuditUseCases>;
  projects: ReturnType<typeof makeProjectUseCases>;
  approvals: ReturnType<typeof makeApprovalUseCases>;
  changes: ReturnType<typeof makeChangeUseCases>;
  schedules: ReturnType<typeof makeScheduleUseCases>;
  webhooks: ReturnType<typeof makeWebhookUseCases>;
  deliveries: ReturnType<typeof makeDeliveryUseCases>;
  violations: ReturnType<typeof makeViolationUseCases>;
  python: ReturnType<typeof makePythonUseCases>;
  serverInfo(): Promise<ServerInfo>;
}

export interface ServerInfo {
  version: string;
  roles: readonly string[];
  startedAt: Date;
  postgresVersion: string;
  sandbox: SandboxStatus & { allowedHosts: readonly string[] };
  packages: PackageRules & { sourceBuilds: boolean; noIndex: boolean; maxEnvironmentsMb: number };
}
