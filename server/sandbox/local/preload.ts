import type { Logger } from '../../shared/logger.ts';
import type { ForkServer } from './fork-server.ts';

/** A module could not be imported ahead; python/preload.py tells when. */
export class PreloadProblem extends Error {
  constructor(
    readonly module: string,
    why: string,
  ) {
    super(`Importing ${module} ahead: ${why}`);
  }
}

/**
 * Starts a fork-server with as many of its environment's packages imported ahead as can be. One that crashes, hangs or
 * leaves a thread behind is imported by the runs themselves, each of which then gets its own error.
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

/** Each costs a start; past these nothing is imported ahead. */
const MAX_PROBLEMS = 4;
