import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeDataFolder } from '../shared/data-folder.ts';
import { coerceError, WeftError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { installedNativeFolder } from './embedded/binaries.ts';
import { clusterUrl, dataDirectory, ensureCluster } from './embedded/cluster.ts';
import { claimFolder } from './embedded/folder-claim.ts';
import { chooseLauncher } from './embedded/launcher.ts';
import { stopLeftover } from './embedded/leftover.ts';
import { type Postmaster, startPostmaster } from './embedded/postmaster.ts';

export interface EmbeddedPostgres extends AsyncDisposable {
  /** Does not change when Postgres ends and is started again. */
  url: string;
}

/**
 * Starts the Postgres that comes with Weft, in `<dataFolder>/postgres`, and creates the cluster on first use. Postgres
 * ends with this process, also when this process is killed. A Postgres that ends earlier is started again.
 *
 *   claim the folder → initdb where there is no cluster → stop the Postgres of an earlier run → start on a free port
 *
 * Postgres listens on TCP. A Unix socket would save 0.03 ms of the 0.42 ms of a commit, but its path must be shorter
 * than 108 bytes and accessible to both users.
 *
 * @param nativeFolder contains bin/, lib/ and share/ of Postgres
 * @throws WeftError DATA_FOLDER_IN_USE, DATA_FOLDER_NOT_WRITABLE, POSTGRES_NOT_INSTALLED, POSTGRES_CANNOT_START
 */
export async function startEmbeddedPostgres({
  dataFolder,
  logger,
  nativeFolder = installedNativeFolder(),
}: {
  dataFolder: string;
  logger: Logger;
  nativeFolder?: string;
}): Promise<EmbeddedPostgres> {
  const folder = await makeDataFolder(dataFolder);
  const cluster = join(folder, 'postgres');
  await using opened = new AsyncDisposableStack();
  opened.use(await claimFolder(folder));
  const launcher = await chooseLauncher(nativeFolder, folder, cluster);
  await ensureCluster(cluster, nativeFolder, launcher);
  const start = async (port: number) => {
    await stopLeftover(dataDirectory(cluster), logger);
    return startPostmaster({ nativeFolder, dataDirectory: dataDirectory(cluster), port, launcher, logger });
  };
  const { postmaster, port } = await startOnFreePort(start);
  opened.use(keepRunning(postmaster, () => start(port), logger));
  const url = await clusterUrl(cluster, port);
  const owned = opened.move();
  return {
    url,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Tries again where another program takes the free port before Postgres binds it. */
async function startOnFreePort(start: (port: number) => Promise<Postmaster>) {
  for (let attemptsLeft = 5; ; attemptsLeft -= 1) {
    const port = await freePort();
    try {
      return { postmaster: await start(port), port };
    } catch (error) {
      const taken = error instanceof WeftError && error.code === 'POSTGRES_PORT_TAKEN';
      if (!taken || attemptsLeft === 1) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Clients lose their connections when Postgres ends, and can connect again at the same address. */
function keepRunning(first: Postmaster, restart: () => Promise<Postmaster>, logger: Logger): AsyncDisposable {
  const stopping = new AbortController();
  const { signal } = stopping;
  // cannot reject: only `stop` may, after the abort, and then the disposal awaits it
  const stopped = (async () => {
    for (let current: Postmaster | undefined = first; current !== undefined; ) {
      const how = await Promise.race([current.exited, aborted(signal)]);
      if (signal.aborted) return current.stop();
      logger.error(`the embedded Postgres ended (${how}); starting it again`);
      current = await restartUntilItWorks(restart, logger, signal);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await stopped;
    },
  };
}

async function restartUntilItWorks(restart: () => Promise<Postmaster>, logger: Logger, signal: AbortSignal) {
  while (!signal.aborted) {
    try {
      return await restart();
    } catch (error) {
      logger.error(
        coerceError(error),
        'the embedded Postgres could not be started again; trying once more in 1 s',
      );
      await delay(1000, undefined, { signal }).catch(() => {});
    }
  }
  return undefined;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
