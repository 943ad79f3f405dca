import { compose } from './compose.ts';
import { readConfig } from './config/environment.ts';
import { coerceError, WeftError } from './shared/errors.ts';

/** How long a clean shutdown may take, beyond the grace for nodes that run, before the process ends anyway, milliseconds. */
const SHUTDOWN_LIMIT_MS = 15_000;

// Heard from the start, so that a signal during start-up, or right after the ready line, is a clean stop too.
const stopAsked = stopSignal();

try {
  const config = readConfig();
  await using server = await compose(config);
  console.log(server.url === null ? 'Weft is ready (worker)' : `Weft is ready at ${server.url}`);
  await stopAsked;
  // Runs for others have their grace first, then those of this process's own worker.
  const graces = config.servesSandbox && config.roles.includes('worker') ? 2 : 1;
  const limitMs = graces * config.shutdownGraceMs + SHUTDOWN_LIMIT_MS;
  setTimeout(() => {
    console.error(`Weft did not shut down within ${limitMs / 1_000} s; it ends now.`);
    process.exit(1);
  }, limitMs).unref();
} catch (error) {
  // What an operator can mend is told plainly; a stack is for what nobody foresaw.
  console.error(error instanceof WeftError ? `Weft cannot start: ${error.message}` : coerceError(error));
  process.exitCode = 1;
}

/** Resolves at the first SIGTERM or SIGINT; at the second the process ends where it stands. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = () => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}
