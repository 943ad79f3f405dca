import { once } from 'node:events';
import { startEmbeddedPostgres } from '../../server/db/embedded-postgres.ts';
import { makeLogger } from '../../server/shared/logger.ts';

/** A program that starts Postgres in the folder of its first argument, prints the URL and keeps it until SIGTERM. */
const postgres = await startEmbeddedPostgres({ dataFolder: process.argv[2]!, logger: makeLogger('warn') });
console.log(postgres.url);
await once(process, 'SIGTERM');
await postgres[Symbol.asyncDispose]();
