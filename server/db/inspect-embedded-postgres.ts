import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WeftError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { clusterUrl, dataDirectory } from './embedded/cluster.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';

/**
 * The embedded Postgres of a data folder, to read from: the one that a Weft server runs, else one that is started and
 * ends when it is disposed of. Null where the folder has no cluster yet: none is made.
 */
export async function inspectEmbeddedPostgres(options: {
  dataFolder: string;
  logger: Logger;
}): Promise<EmbeddedPostgres | null> {
  const cluster = join(options.dataFolder, 'postgres');
  if (!existsSync(cluster)) return null;
  try {
    return await startEmbeddedPostgres(options);
  } catch (error) {
    if (!(error instanceof WeftError) || error.code !== 'DATA_FOLDER_IN_USE') throw error;
    const port = await runningPort(cluster);
    if (port === undefined) throw error;
    return { url: await clusterUrl(cluster, port), async [Symbol.asyncDispose]() {} };
  }
}

/** The fourth line of Postgres's own pid file; undefined while Postgres is not there. */
async function runningPort(cluster: string): Promise<number | undefined> {
  const text = await readFile(join(dataDirectory(cluster), 'postmaster.pid'), 'utf8').catch(() => '');
  return Number(text.split('\n')[3]) || undefined;
}
