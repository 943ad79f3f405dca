import { isOnPath, root, run } from './setup/project.mjs';

/**
 * Keeps the bytecode of the fork-server and of all that a run imports from Weft beside its sources. The room in which
 * they run is read-only, and its Python keeps none, so each fork-server would compile them again: 0.08 s of CPU. Another
 * Python than this one compiles them as before.
 */
process.exitCode = isOnPath('python3')
  ? await run('python3', ['-m', 'compileall', '-q', `${root}/server/sandbox/python`])
  : 0;
