import type { Logger } from '../../shared/logger.ts';
import type { ForkServer } from './fork-server.ts';
import { PreloadProblem } from './problem.ts';

/**
 * Starts a fork-server with as many packages of its environment imported ahead as possible. A package whose import
 * crashes, hangs or leaves a thread behind is left to the runs that import it; each such run then gets its own error.
 */
export function makePreloadingStart(
  modules: readonly string[],
  start: (modules: readonly string[], signal: AbortSignal) => Promise<ForkServer>,
  logger: Logger,
): (signal: AbortSignal) => Promise<ForkServer> {
  let fit = modules;
  let problems = 0;
  return async (signal) => {
    for (;;) {
      try {
        return await start(fit, signal);
      } catch (error) {
        if (!(error instanceof PreloadProblem)) throw error;
        problems += 1;
        fit = problems < MAX_PROBLEMS ? fit.filter((module) => module !== error.module) : [];
        logger.info({ problem: error.message, fit }, 'a package is not imported ahead');
      }
    }
  };
}

/** Each problem costs one more start; after this many, nothing is imported ahead. */
const MAX_PROBLEMS = 4;
