import { join } from 'node:path';
import { openAccess } from './auth/access.ts';
import { makeOidc } from './auth/oidc.ts';
import { openProjectStore } from './auth/project-store.ts';
import { makeTokenStore } from './auth/token-store.ts';
import type { Config } from './config/environment.ts';
import { openBoss } from './db/boss.ts';
import { type Database, openDatabase } from './db/database.ts';
import { startEmbeddedPostgres } from './db/embedded-postgres.ts';
import { makeExecutionStore } from './engine/execution-store.ts';
import { makeFamily } from './engine/family.ts';
import { makeLimits } from './engine/limits.ts';
import { makeParkedStates } from './engine/parked-states.ts';
import { openQueue } from './engine/queue.ts';
import type { Traces } from './engine/traces.ts';
import { startWorker, type Worker } from './engine/worker.ts';
import { openEvaluator } from './expressions/evaluator.ts';
import { makeFiles } from './files/files.ts';
import { openStore } from './files/store-url.ts';
import { openFileSweep } from './files/sweep.ts';
import { lineOf } from './graphql/audit/audit-line.ts';
import { buildSchema } from './graphql/build-schema.ts';
import { makeContextFactory } from './graphql/context.ts';
import { endpoints } from './graphql/permissions.ts';
import { type Caller, principalFor } from './graphql/transport/caller.ts';
import { type GraphqlServerOptions, openGraphqlServer } from './graphql/transport/server.ts';
import { readTrustedDocuments, type TrustedDocuments } from './graphql/transport/trusted-documents.ts';
import { makeAppender } from './journal/append.ts';
import { openHub } from './journal/hub.ts';
import { makeRecentEvents } from './journal/recent-events.ts';
import { describeNode } from './nodes/describe.ts';
import { makeExpressions } from './nodes/expressions.ts';
import { makeNodeRegistry } from './nodes/registry.ts';
import { openOutbound } from './outbound/outbound.ts';
import { type Environments, openEnvironments } from './packages/environments.ts';
import type { SandboxBackend } from './sandbox/backend.ts';
import { findInterpreter } from './sandbox/local/interpreter.ts';
import { openLocalSandbox } from './sandbox/local/local-sandbox.ts';
import { openRemoteSandbox } from './sandbox/remote/remote-sandbox.ts';
import { makeSandboxService, type SandboxService } from './sandbox/service/service.ts';
import { keyFileIn, readKeyFile, readOrMakeKeyFile } from './secrets/key-file.ts';
import type { SecretsKey } from './secrets/keys.ts';
import { makeSeals } from './secrets/seal.ts';
import { openAlerts } from './security/alerts.ts';
import { makeLateAudit } from './security/late-violations.ts';
import { systemClock } from './shared/clock.ts';
import { makeDataFolder } from './shared/data-folder.ts';
import { makeAllowedHosts } from './shared/http/allowed-hosts.ts';
import { makeBearerCheck } from './shared/http/bearer.ts';
import { connectionsWithin } from './shared/http/connection-limit.ts';
import type { Readiness } from './shared/http/health.ts';
import type { Mount } from './shared/http/mount.ts';
import { openPlainServer } from './shared/http/plain-server.ts';
import { newId } from './shared/ids.ts';
import type { Logger } from './shared/logger.ts';
import { openFilesLimit } from './shared/open-files.ts';
import { makeRunFolder } from './shared/run-folder.ts';
import { severityOf } from './shared/severity.ts';
import { version } from './shared/version.ts';
import { openMetrics } from './telemetry/metrics.ts';
import { type MetricsMountDeps, makeMetricsMount } from './telemetry/metrics-mount.ts';
import { makeApprovalStore, makeApprovalUseCases } from './use-cases/approvals.ts';
import { makeAuditUseCases } from './use-cases/audit.ts';
import { makeBulkUseCases } from './use-cases/bulk.ts';
import { type ChangeTail, openChangeTail } from './use-cases/changes/change-tail.ts';
import { makeChangeUseCases } from './use-cases/changes/changes.ts';
import { openFeed } from './use-cases/changes/read-changes.ts';
import { makeChildren } from './use-cases/children.ts';
import { makeDeliveryUseCases } from './use-cases/deliveries/endpoints.ts';
import { openDeliverySender } from './use-cases/deliveries/sender.ts';
import { makeStatsUseCases } from './use-cases/execution-stats.ts';
import { makeExecutionUseCases } from './use-cases/executions.ts';
import { makeExportUseCases } from './use-cases/export.ts';
import { makeWeftFor } from './use-cases/limit/limit.ts';
import { makePackageLists } from './use-cases/package-lists.ts';
import { openParkedAlerts } from './use-cases/parked-alerts.ts';
import { openProjectStorage, requireRoom } from './use-cases/project-storage.ts';
import { makeProjectUseCases } from './use-cases/projects.ts';
import { makePythonUseCases } from './use-cases/python.ts';
import { makeResumeUseCases } from './use-cases/resume.ts';
import { openRetention } from './use-cases/retention.ts';
import { makeRetryUseCases } from './use-cases/retry.ts';
import { makeKeyring } from './use-cases/secrets/data-keys.ts';
import { resealAll } from './use-cases/secrets/reseal.ts';
import { makeSecretSources } from './use-cases/secrets/secret-source.ts';
import { makeSecretNames, makeSecretUseCases } from './use-cases/secrets/secrets.ts';
import { makeStartUseCases } from './use-cases/start.ts';
import { makeTokenUseCases } from './use-cases/tokens.ts';
import { openScheduler } from './use-cases/triggers/scheduler.ts';
import { makeScheduleUseCases } from './use-cases/triggers/schedules.ts';
import { makeViolationUseCases } from './use-cases/violations.ts';
import { openWebhookReceiver } from './use-cases/webhooks/receive.ts';
import { makeWebhookUseCases } from './use-cases/webhooks/webhooks.ts';
import type { ServerInfo, Weft } from './use-cases/weft.ts';
import { makeWorkflowUseCases } from './use-cases/workflows.ts';

export interface RunningServer extends AsyncDisposable {
  /** Where operations go; without the api role, where sandbox clients or health checks go, or null. */
  url: string | null;
}

/** Wires the parts together; disposing closes them, last in, first out. */
export async function compose(config: Config, logger: Logger): Promise<RunningServer> {
  for (const warning of config.warnings) logger.warn(warning);
  await using opened = new AsyncDisposableStack();
  const { sandbox, service } = await openSandboxes(config, opened, logger);
  const url =
    sandbox === null
      ? await serveAlone(config, opened, service, logger)
      : await openWeft({ config, opened, sandbox, service, logger });
  if (service !== null) opened.defer(() => service.drain(config.shutdownGraceMs));
  const owned = opened.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

type Sandboxes =
  | { sandbox: SandboxBackend; service: SandboxService | null }
  /** The role `sandbox` alone: nobody in this process runs Python. */
  | { sandbox: null; service: SandboxService };

/** Python runs here unless services are named for it. What is served to others is always a sandbox of this process. */
async function openSandboxes(
  config: Config,
  opened: AsyncDisposableStack,
  logger: Logger,
): Promise<Sandboxes> {
  const { pythonServiceUrls: urls, pythonServiceToken: token } = config;
  const isRemote = urls.length > 0 && config.roles.some((role) => role !== 'sandbox');
  const remote = isRemote
    ? opened.use(await openRemoteSandbox({ urls, token, policy: config.pythonPolicy, logger }))
    : null;
  if (remote !== null && !config.servesSandbox) return { sandbox: remote, service: null };
  const local = opened.use(await openLocal(config, opened, logger));
  const service = config.servesSandbox ? makeSandboxService({ backend: local, token, logger }) : null;
  if (service !== null && config.roles.every((role) => role === 'sandbox')) return { sandbox: null, service };
  return { sandbox: remote ?? local, service };
}

/** A sandbox service and nothing else: no database is opened, because code that got out of its sandbox would be in here. */
async function serveAlone(
  config: Config,
  opened: AsyncDisposableStack,
  service: SandboxService,
  logger: Logger,
): Promise<string> {
  const { isReady } = service;
  const served = { mounts: [service], maxConnections: maxConnections(config, logger), logger };
  const { host, port } = config;
  const { origin } = opened.use(await openPlainServer({ host, port, isReady, ...served }));
  return `${origin}${service.path}`;
}

interface Foundation {
  config: Config;
  opened: AsyncDisposableStack;
  sandbox: SandboxBackend;
  service: SandboxService | null;
  logger: Logger;
}

/** The API and the worker, or one of them. */
async function openWeft(foundation: Foundation): Promise<string | null> {
  const { roles } = foundation.config;
  const parts = await openParts(foundation);
  const worker = roles.includes('worker') ? await openWorker(parts) : null;
  return roles.includes('api') ? openApi(parts, worker) : openHealth(parts);
}

/**
 * A server with a database of its own makes a key beside it; where others share the database, or a service keeps the key,
 * it makes none.
 */
async function secretsKeys({
  secretsKeys,
  secretsService,
  databaseUrl,
  dataDir,
}: Config): Promise<SecretsKey[]> {
  if (secretsKeys !== undefined) return secretsKeys;
  if (databaseUrl !== undefined) return [];
  const file = keyFileIn(await makeDataFolder(dataDir));
  return secretsService === undefined ? readOrMakeKeyFile(file) : ((await readKeyFile(file)) ?? []);
}

type Parts = Awaited<ReturnType<typeof openParts>>;

/** What the API and the worker have in common. */
async function openParts(foundation: Foundation) {
  const { config, opened, logger } = foundation;
  const url =
    config.databaseUrl ?? opened.use(await startEmbeddedPostgres({ dataFolder: config.dataDir, logger })).url;
  const database = opened.use(await openDatabase({ url, logger }));
  const { pool } = database;
  const feedId = await openFeed(pool);
  const hub = opened.use(openHub({ pool, url, replicaId: newId('wrk'), logger }));
  const recentEvents = opened.use(makeRecentEvents(hub));
  const appender = opened.use(makeAppender({ pool, hub, recentEvents }));
  const supervise = config.roles.includes('worker');
  const { boss } = opened.use(await openBoss({ pool, supervise, logger }));
  const queue = await openQueue(boss, pool);
  const limits = makeLimits({ database, hub });
  const storage = opened.use(openProjectStorage({ pool, hub }));
  const evaluator = opened.use(openEvaluator());
  const outbound = opened.use(openOutbound({ allowedHosts: makeAllowedHosts(config.httpAllowedHosts) }));
  const packageLists = makePackageLists(pool);
  const registry = makeNodeRegistry(
    {
      packageRules: config.packages.rules,
      bounds:
        config.pythonServiceUrls.length === 0
          ? config.runBounds
          : { maxTimeoutMs: config.runBounds.maxTimeoutMs },
      openedHosts: config.requestLimits.openedHosts,
    },
    outbound,
    {
      children: makeChildren({ database, hub, recentEvents, limits, evaluator }),
      approvals: makeApprovalStore({ database, hub, evaluator }),
      packageLists,
    },
    config.files.maxBytes,
  );
  const { url: storeUrl, maxBytes, ...keys } = config.files;
  const files = makeFiles({
    pool,
    outside: storeUrl === undefined ? null : openStore(storeUrl, keys),
    maxBytes,
  });
  const pythonPolicy = config.pythonPolicy ?? null;
  const seals = makeSeals(makeKeyring(await secretsKeys(config), config.secretsService, pool));
  return {
    ...foundation,
    metrics: config.metrics ? opened.use(openMetrics({ pool })) : null,
    database,
    pool,
    feedId,
    hub,
    recentEvents,
    appender,
    boss,
    queue,
    limits,
    storage,
    registry,
    outbound,
    packageLists,
    evaluator,
    files,
    seals,
    pythonPolicy,
  };
}

async function openWorker(parts: Parts): Promise<Worker> {
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
async function openTraces({ config: { traces }, opened, logger }: Parts): Promise<Traces | null> {
  if (traces === null) return null;
  const telemetry = await import('./telemetry/traces.ts');
  return opened.use(telemetry.openTraces(traces, logger));
}

async function openApi(parts: Parts, worker: Worker | null): Promise<string> {
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

/** What is served beside the API, or without it. */
function mountsOf({ service, metrics, logger }: Parts, authorize: MetricsMountDeps['authorize']): Mount[] {
  return [
    ...(service === null ? [] : [service]),
    ...(metrics === null ? [] : [makeMetricsMount({ metrics, authorize, logger })]),
  ];
}

const METRICS_HINT = 'The token is the value of WEFT_API_TOKEN.';

async function openHealth(parts: Parts): Promise<string | null> {
  const { config, opened, service, database, logger } = parts;
  const port = service === null ? config.healthPort : config.port;
  if (port === undefined) return null;
  const isReady = () => readiness(database);
  const checkBearer = makeBearerCheck(config.apiToken, METRICS_HINT);
  const mounts = mountsOf(parts, ({ headers }) => checkBearer(headers.authorization));
  const served = { mounts, maxConnections: maxConnections(config, logger), logger };
  const { origin } = opened.use(await openPlainServer({ host: config.host, port, isReady, ...served }));
  return `${origin}/readyz`;
}

/** For the database, the logs, the evaluator's processes, installations and files that are open for a moment. */
const OTHER_DESCRIPTORS = 256;
/** The private channel and the two pipes of a cell. */
const CELL_DESCRIPTORS = 3;
/** 16 runs at once, each with 8 requests. */
const REQUEST_DESCRIPTORS = 128;
/** Cells of the sandbox beside those that wait: those with runs, and those being made. */
const BUSY_CELLS = 32;

/** As many connections as the operator wants, within the open files that the process may have beside all else. */
function maxConnections(
  { maxConnections: wanted, waitingCells = 40, environments, requestLimits }: Config,
  logger: Logger,
): number {
  const cells = waitingCells + 8 * environments.warm + BUSY_CELLS;
  const openFiles = openFilesLimit();
  const requests = requestLimits.openedHosts.length > 0 ? REQUEST_DESCRIPTORS : 0;
  const most = connectionsWithin(openFiles, OTHER_DESCRIPTORS + requests + CELL_DESCRIPTORS * cells);
  if (wanted === undefined || wanted <= most) return wanted ?? most;
  logger.warn(
    `WEFT_MAX_CONNECTIONS=${wanted} is more than the ${most} connections that ${openFiles} open files leave room for; ` +
      `the limit is ${most}. Raise \`ulimit -n\`.`,
  );
  return most;
}

/** The environments of this host, for the Python that its sandbox runs. */
export async function openHostEnvironments(
  { dataDir, packages, pythonPath, bubblewrapPath }: Config,
  logger: Logger,
): Promise<Environments> {
  return openEnvironments({
    folder: join(await makeDataFolder(dataDir), 'python'),
    interpreter: () => findInterpreter(pythonPath ?? 'python3'),
    settings: { ...packages, bubblewrapPath },
    logger,
  });
}

/** Without URLs, which may hold passwords. */
function packageInfo({ packages: { rules, sourceBuilds, noIndex, maxMb } }: Config): ServerInfo['packages'] {
  return { ...rules, sourceBuilds, noIndex, maxEnvironmentsMb: maxMb };
}

async function openLocal(config: Config, opened: AsyncDisposableStack, logger: Logger) {
  const environments = opened.use(await openHostEnvironments(config, logger));
  return openLocalSandbox({
    pythonPath: config.pythonPath,
    bubblewrapPath: config.bubblewrapPath,
    runFolder: await makeRunFolder(),
    ...runSettings(config),
    // An API alone only checks code.
    idleCells: config.roles.includes('worker') || config.servesSandbox ? config.waitingCells : 1,
    environments,
    preload: config.environments.preload,
    warmEnvironments: config.environments.warm,
    idleEnvironmentMs: config.environments.idleSeconds * 1_000,
    logger,
  });
}

/** What the operator grants to code that this process runs. */
export function runSettings({ pythonPolicy, allowsScratchWrites, runBounds, requestLimits }: Config) {
  return { policy: pythonPolicy ?? 'strict', allowsScratchWrites, bounds: runBounds, requestLimits } as const;
}

async function postgresVersion({ manager }: Database): Promise<string> {
  const [row] = await manager.query('SHOW server_version');
  return row.server_version;
}

async function readiness({ manager }: Database): Promise<Readiness> {
  try {
    await manager.query('SELECT 1');
    return { ready: true };
  } catch {
    return { ready: false, problem: 'The database does not answer.' };
  }
}
