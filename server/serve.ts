import { randomUUID } from 'node:crypto';
import { compose } from './compose.ts';
import { readConfig } from './config/environment.ts';
import { collectAfterStart } from './shared/collect-after-start.ts';
import { coerceError, WeftError } from './shared/errors.ts';
import { type Logger, makeLogger } from './shared/logger.ts';

/** How long a clean shutdown may take, beyond the grace for running nodes, before the process ends anyway, milliseconds. */
const SHUTDOWN_LIMIT_MS = 15_000;

/** The server, from its start to its end; `onReady` is called between them. */
export async function serve(onReady = () => {}): Promise<void> {
  const stop = Promise.withResolvers<void>();
  // From the first line on, so that a signal during start-up, or right after the ready line, is a clean stop too.
  stopAtSignals(stop.resolve);
  try {
    const config = readConfig();
    const logger = makeLogger(config.logLevel);
    surviveStrayErrors(logger, stop.resolve);
    await using server = await compose(config, logger);
    console.log(server.url === null ? 'Weft is ready (worker)' : `Weft is ready at ${server.url}`);
    onReady();
    collectAfterStart();
    await stop.promise;
    // Runs for clients of this sandbox have their grace first, then those of this process's own worker.
    const graces = config.servesSandbox && config.roles.includes('worker') ? 2 : 1;
    const limitMs = graces * config.shutdownGraceMs + SHUTDOWN_LIMIT_MS;
    setTimeout(() => {
      console.error(`Weft did not shut down within ${limitMs / 1_000} s; it ends now.`);
      process.exit(1);
    }, limitMs).unref();
  } catch (error) {
    // An operator can mend a WeftError; anything else is a fault of Weft's, which its stack locates.
    console.error(error instanceof WeftError ? `Weft cannot start: ${error.message}` : coerceError(error));
    process.exitCode = 1;
  }
  // What a library still waits for, such as an answer of the receiver of traces, keeps no process that has closed its parts.
  setTimeout(() => process.exit(), 1_000).unref();
}

/** The first SIGTERM, SIGINT or SIGHUP stops the server; the second ends the process where it stands. */
function stopAtSignals(stop: () => void): void {
  let isRequested = false;
  const onSignal = () => {
    if (isRequested) process.exit(130);
    isRequested = true;
    stop();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal);
}

/**
 * What happens to an error that no code handles. A promise that rejects without a listener leaves every journal as it
 * is, since journals have their own fence: the error is logged and the server goes on. After an exception that nothing
 * caught, the state of the process is unknown: the server releases its executions in order, and ends with exit code 1
 * for its supervisor to start it again.
 */
function surviveStrayErrors(logger: Logger, stop: () => void): void {
  process.on('unhandledRejection', (reason) => {
    logger.error(
      { err: coerceError(reason), errorId: randomUUID() },
      'an error had no handler; the server goes on',
    );
  });
  process.on('uncaughtException', (error) => {
    logger.fatal(
      { err: error, errorId: randomUUID() },
      'an exception had no handler; the server releases its executions and ends',
    );
    process.exitCode = 1;
    stop();
  });
}
