import { runLimits } from './limits.ts';
import { ROOM_PACKAGES_FOLDER, ROOM_SOCKET_FOLDER, ROOM_UID } from './room.ts';

/** What python/forkserver.py is started with. */
export interface ForkServerConfig {
  policy: 'strict' | 'kernel';
  socketFolder: string;
  /** To become, where it is started as root. */
  uid: number | null;
  /** Of the standard library. */
  preload: readonly string[];
  packages: { folder: string; preload: readonly string[] } | null;
  scratchMb: number;
  scratchFiles: number;
  openFiles: number;
  /** By the names of Python's resource module. */
  limits: Record<string, number>;
}

export function forkServerConfig(options: {
  asRoot: boolean;
  policy: 'strict' | 'kernel';
  /** Modules of packages to import ahead; null for Python alone. */
  preload: readonly string[] | null;
}): ForkServerConfig {
  return {
    policy: options.policy,
    socketFolder: ROOM_SOCKET_FOLDER,
    uid: options.asRoot ? ROOM_UID : null,
    preload: PRELOADED_MODULES,
    packages: options.preload && { folder: ROOM_PACKAGES_FOLDER, preload: options.preload },
    scratchMb: runLimits.scratchMb,
    scratchFiles: runLimits.scratchFiles,
    openFiles: runLimits.openFiles,
    limits: {
      RLIMIT_CORE: 0,
      RLIMIT_FSIZE: runLimits.scratchMb * 1024 * 1024,
      RLIMIT_NPROC: runLimits.processes,
      RLIMIT_MEMLOCK: 0,
      RLIMIT_MSGQUEUE: 0,
    },
  };
}

/**
 * What code commonly imports. Each costs every cell some memory and microseconds, and saves its users milliseconds.
 * Not hashlib and uuid: libcrypto is as large as all of these together.
 */
const PRELOADED_MODULES = (
  'ast base64 collections copy csv dataclasses datetime decimal enum fractions functools heapq io itertools json ' +
  'math operator random re statistics string textwrap threading time traceback types typing'
).split(' ');
