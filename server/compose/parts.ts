import type { Config } from '../config/environment.ts';
import { openBoss } from '../db/boss.ts';
import { openDatabase } from '../db/database.ts';
import { startEmbeddedPostgres } from '../db/embedded-postgres.ts';
import { makeLimits } from '../engine/limits.ts';
import { openQueue } from '../engine/queue.ts';
import { openEvaluator } from '../expressions/evaluator.ts';
import { makeFiles } from '../files/files.ts';
import { openStore } from '../files/store-url.ts';
import { makeAppender } from '../journal/append.ts';
import { openHub } from '../journal/hub.ts';
import { makeRecentEvents } from '../journal/recent-events.ts';
import { makeNodeRegistry } from '../nodes/registry.ts';
import { openOutbound } from '../outbound/outbound.ts';
import type { SandboxBackend } from '../sandbox/backend.ts';
import type { SandboxService } from '../sandbox/service/service.ts';
import { keyFileIn, readKeyFile, readOrMakeKeyFile } from '../secrets/key-file.ts';
import type { SecretsKey } from '../secrets/keys.ts';
import { makeSeals } from '../secrets/seal.ts';
import { makeDataFolder } from '../shared/data-folder.ts';
import { makeAllowedHosts } from '../shared/http/allowed-hosts.ts';
import { newId } from '../shared/ids.ts';
import type { Logger } from '../shared/logger.ts';
import { openMetrics } from '../telemetry/metrics.ts';
import { makeApprovalStore } from '../use-cases/approvals.ts';
import { openFeed } from '../use-cases/changes/read-changes.ts';
import { makeChildren } from '../use-cases/children.ts';
import { makePackageLists } from '../use-cases/package-lists.ts';
import { openProjectStorage } from '../use-cases/project-storage.ts';
import { makeKeyring } from '../use-cases/secrets/data-keys.ts';

export interface Foundation {
  config: Config;
  opened: AsyncDisposableStack;
  sandbox: SandboxBackend;
  service: SandboxService | null;
  logger: Logger;
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

export type Parts = Awaited<ReturnType<typeof openParts>>;

/** What the API and the worker have in common. */
export async function openParts(foundation: Foundation) {
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
