import type { PythonPolicy, RunBounds } from '../backend.ts';
import { runLimits } from './limits.ts';
import { ROOM_PACKAGES_FOLDER, ROOM_SOCKET_FOLDER, ROOM_UID } from './room.ts';

/** The configuration that python/forkserver.py is started with. */
export interface ForkServerConfig {
  /** The loosest that runs may have. */
  policy: PythonPolicy;
  socketFolder: string;
  /** The user to change to; null where the fork-server is not started as root. */
  uid: number | null;
  /** Modules of the standard library to import ahead. */
  preload: readonly string[];
  packages: { folder: string; preload: readonly string[] } | null;
  scratchMb: number;
  scratchFiles: number;
  openFiles: number;
  /** Keys are the names in Python's `resource` module. */
  limits: Record<string, number>;
}

export function forkServerConfig(options: {
  asRoot: boolean;
  policy: PythonPolicy;
  bounds: RunBounds;
  /** Modules of packages to import ahead; null for an environment without packages. */
  preload: readonly string[] | null;
}): ForkServerConfig {
  return {
    policy: options.policy,
    socketFolder: ROOM_SOCKET_FOLDER,
    uid: options.asRoot ? ROOM_UID : null,
    preload: PRELOADED_MODULES,
    packages: options.preload && { folder: ROOM_PACKAGES_FOLDER, preload: options.preload },
    scratchMb: options.bounds.scratchMb,
    scratchFiles: runLimits.scratchFiles,
    openFiles: runLimits.openFiles,
    limits: {
      RLIMIT_CORE: 0,
      RLIMIT_FSIZE: options.bounds.fileMb * 1024 * 1024,
      RLIMIT_NPROC: runLimits.processes,
      RLIMIT_MEMLOCK: 0,
      RLIMIT_MSGQUEUE: 0,
      RLIMIT_SIGPENDING: runLimits.waitingSignals,
      // A desktop's user may have a share of real time, which a cell could use to stop the host.
      RLIMIT_RTPRIO: 0,
      RLIMIT_NICE: 0,
    },
  };
}

/**
 * What code commonly imports. Each module costs every cell a little memory and some microseconds, and saves
 * milliseconds in a run that imports it. Not hashlib and uuid: their libcrypto is as large as all of these together.
 */
const PRELOADED_MODULES = (
  'ast base64 collections copy csv dataclasses datetime decimal enum fractions functools heapq io itertools json ' +
  'math operator random re statistics string textwrap threading time traceback types typing'
).split(' ');
