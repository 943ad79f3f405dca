import { openAccess } from '../auth/access.ts';
import { makeOidc } from '../auth/oidc.ts';
import { openProjectStore } from '../auth/project-store.ts';
import { makeTokenStore } from '../auth/token-store.ts';
import type { Config } from '../config/environment.ts';
import type { Database } from '../db/database.ts';
import type { Worker } from '../engine/worker.ts';
import { lineOf } from '../graphql/audit/audit-line.ts';
import { buildSchema } from '../graphql/build-schema.ts';
import { makeContextFactory } from '../graphql/context.ts';
import { endpoints } from '../graphql/permissions.ts';
import { type Caller, principalFor } from '../graphql/transport/caller.ts';
import { type GraphqlServerOptions, openGraphqlServer } from '../graphql/transport/server.ts';
import { readTrustedDocuments, type TrustedDocuments } from '../graphql/transport/trusted-documents.ts';
import { describeNode } from '../nodes/describe.ts';
import { version } from '../shared/version.ts';
import { makeApprovalUseCases } from '../use-cases/approvals.ts';
import { makeAuditUseCases } from '../use-cases/audit.ts';
import { makeBulkUseCases } from '../use-cases/bulk.ts';
import { type ChangeTail, openChangeTail } from '../use-cases/changes/change-tail.ts';
import { makeChangeUseCases } from '../use-cases/changes/changes.ts';
import { makeDeliveryUseCases } from '../use-cases/deliveries/endpoints.ts';
import { makeStatsUseCases } from '../use-cases/execution-stats.ts';
import { makeExecutionUseCases } from '../use-cases/executions.ts';
import { makeExportUseCases } from '../use-cases/export.ts';
import { makeWeftFor } from '../use-cases/limit/limit.ts';
import { requireRoom } from '../use-cases/project-storage.ts';
import { makeProjectUseCases } from '../use-cases/projects.ts';
import { makePythonUseCases } from '../use-cases/python.ts';
import { makeResumeUseCases } from '../use-cases/resume.ts';
import { makeRetryUseCases } from '../use-cases/retry.ts';
import { resealAll } from '../use-cases/secrets/reseal.ts';
import { makeSecretNames, makeSecretUseCases } from '../use-cases/secrets/secrets.ts';
import { makeStartUseCases } from '../use-cases/start.ts';
import { makeTokenUseCases } from '../use-cases/tokens.ts';
import { makeScheduleUseCases } from '../use-cases/triggers/schedules.ts';
import { makeViolationUseCases } from '../use-cases/violations.ts';
import { openWebhookReceiver } from '../use-cases/webhooks/receive.ts';
import { makeWebhookUseCases } from '../use-cases/webhooks/webhooks.ts';
import type { ServerInfo, Weft } from '../use-cases/weft.ts';
import { makeWorkflowUseCases } from '../use-cases/workflows.ts';
import type { Parts } from './parts.ts';
import { maxConnections, mountsOf, readiness } from './served.ts';

export async function openApi(parts: Parts, worker: Worker | null): Promise<string> {
  const { config, opened, database, logger } = parts;
  const weft = makeUseCases(parts, worker, opened.use(openChangeTail(parts)));
  const weftFor = makeWeftFor(weft, parts);
  const access = opened.use(
    openAccess({
      apiToken: config.apiToken,
      allowance: config.allowance,
      tokens: makeTokenStore(parts.pool),
      projects: await openProjectStore(parts.pool),
      oidc: config.oidc === undefined ? null : makeOidc(config.oidc),
      hub: parts.hub,
      logger,
    }),
  );
  await resealAll(parts);
  const webhooks = openWebhookReceiver({
    ...parts,
    start: makeStartUseCases({ ...parts, worker }).start,
    maxBodyBytes: config.maxWebhookBytes,
  });
  const server = await openGraphqlServer({
    schema: await buildSchema(),
    makeContext: makeContextFactory(weftFor),
    access,
    host: config.host,
    port: config.port,
    allowedOrigins: config.allowedOrigins,
    maxConnections: maxConnections(config, logger),
    compiledEvents: config.compiledEvents,
    trustedDocuments: await trustedDocuments(config),
    isReady: () => readiness(database),
    openArtifact: (principal, id) => weftFor(principal).files.open(id),
    files: uploadTarget(parts, weft.audit),
    receiveWebhook: webhooks.receive,
    eventLines: (principal, id, options) => weftFor(principal).executions.eventLines(id, options),
    mounts: mountsOf(parts, (request) => principalFor(access, request, endpoints.metrics)),
    logger,
  });
  opened.use(server);
  // Before the server, which waits for the requests that wait for executions.
  opened.use(webhooks);
  return server.url;
}

async function trustedDocuments({ trustedDocuments: { path, only } }: Config): Promise<TrustedDocuments> {
  return { byId: path === undefined ? new Map() : await readTrustedDocuments(path), only };
}

/** Files that no execution has yet. An upload ends with its connection, whatever the signal. */
function uploadTarget({ files, storage }: Parts, audit: Weft['audit']): GraphqlServerOptions['files'] {
  const save = async (caller: Caller, name: string, content: AsyncIterable<Buffer>) => {
    const { principal } = caller;
    await requireRoom(storage, principal.reach.project);
    const file = { name, content, uploadedBy: principal.id, project: principal.reach.project };
    const saved = await files.save(null, file, new AbortController().signal);
    const { id: target, mimeType, sizeBytes } = saved;
    const after = { name, mimeType, sizeBytes };
    await audit.record({ ...lineOf(caller, 'POST /files'), target, input: { name }, after });
    return saved;
  };
  return { maxBytes: files.maxBytes, save };
}

function makeUseCases(parts: Parts, worker: Worker | null, tail: ChangeTail): Weft {
  const { config, sandbox, database, registry } = parts;
  const descriptions = [...registry.values()].map(describeNode);
  const startedAt = new Date();
  const executions = makeExecutionUseCases(parts);
  const starts = makeStartUseCases({ ...parts, worker });
  const retries = makeRetryUseCases({ ...parts, worker });
  return {
    nodeDefinitions: () => descriptions,
    workflows: makeWorkflowUseCases({ ...parts, secretNames: makeSecretNames(parts.pool) }),
    secrets: makeSecretUseCases(parts),
    executions: {
      ...executions,
      ...starts,
      ...retries,
      ...makeBulkUseCases({ database, cancel: executions.cancel, retry: retries.retry }),
      ...makeStatsUseCases(parts),
      ...makeResumeUseCases(parts),
      ...makeExportUseCases(parts),
    },
    files: parts.files,
    tokens: makeTokenUseCases(parts),
    audit: makeAuditUseCases(parts),
    projects: makeProjectUseCases(parts),
    approvals: makeApprovalUseCases(parts),
    changes: makeChangeUseCases({ ...parts, tail, days: feedDays(config) }),
    schedules: makeScheduleUseCases({ ...parts, start: starts.start }),
    webhooks: makeWebhookUseCases({ ...parts, start: starts.start }),
    deliveries: makeDeliveryUseCases(parts),
    violations: makeViolationUseCases(parts),
    python: makePythonUseCases({ ...parts, openedHosts: config.requestLimits.openedHosts }),
    serverInfo: async () => ({
      version,
      roles: config.roles,
      startedAt,
      postgresVersion: await postgresVersion(database),
      sandbox: { ...(await sandbox.status()), allowedHosts: config.requestLimits.openedHosts },
      packages: packageInfo(config),
    }),
  };
}

/** Of what is deleted, changes would be missing without a word. */
function feedDays({ changeDays, retentionDays = changeDays }: Config): number {
  return Math.min(changeDays, retentionDays);
}

/** Without URLs, which may hold passwords. */
function packageInfo({ packages: { rules, sourceBuilds, noIndex, maxMb } }: Config): ServerInfo['packages'] {
  return { ...rules, sourceBuilds, noIndex, maxEnvironmentsMb: maxMb };
}

async function postgresVersion({ manager }: Database): Promise<string> {
  const [row] = await manager.query('SHOW server_version');
  return row.server_version;
}
