import type { Config } from '../config/environment.ts';
import type { Database } from '../db/database.ts';
import { makeBearerCheck } from '../shared/http/bearer.ts';
import { connectionsWithin } from '../shared/http/connection-limit.ts';
import type { Readiness } from '../shared/http/health.ts';
import type { Mount } from '../shared/http/mount.ts';
import { openPlainServer } from '../shared/http/plain-server.ts';
import type { Logger } from '../shared/logger.ts';
import { openFilesLimit } from '../shared/open-files.ts';
import { type MetricsMountDeps, makeMetricsMount } from '../telemetry/metrics-mount.ts';
import type { Parts } from './parts.ts';

/** What is served beside the API, or without it. */
export function mountsOf(
  { service, metrics, logger }: Parts,
  authorize: MetricsMountDeps['authorize'],
): Mount[] {
  return [
    ...(service === null ? [] : [service]),
    ...(metrics === null ? [] : [makeMetricsMount({ metrics, authorize, logger })]),
  ];
}

const METRICS_HINT = 'The token is the value of WEFT_API_TOKEN.';

export async function openHealth(parts: Parts): Promise<string | null> {
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
export function maxConnections(
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

export async function readiness({ manager }: Database): Promise<Readiness> {
  try {
    await manager.query('SELECT 1');
    return { ready: true };
  } catch {
    return { ready: false, problem: 'The database does not answer.' };
  }
}
