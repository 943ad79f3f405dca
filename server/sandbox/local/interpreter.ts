import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { coerceError } from '../../shared/errors.ts';
import { SandboxProblem } from './problem.ts';

/** The real Python behind `python3` on the PATH, and the files it needs to run inside a room. */
export interface Interpreter {
  executable: string;
  version: string;
  /** `prefix` and `libraries` are what the room must contain: absolute paths without symlinks. */
  prefix: string;
  libraries: string[];
}

/**
 * Runs the interpreter once to find its real path. A shim (pyenv, asdf) takes 77 ms at each start, and does not work
 * inside the room, which lacks the shim's own files. Throws SandboxProblem (PYTHON_NOT_FOUND).
 */
export async function findInterpreter(pythonPath: string): Promise<Interpreter> {
  const found = await queryInterpreter(pythonPath);
  const [major = 0, minor = 0] = found.version.split('.').map(Number);
  if (major !== 3 || minor < 9) {
    throw notFound(
      `Expected Python 3.9 or newer at ${pythonPath}, found ${found.version} (${found.executable})`,
    );
  }
  return found;
}

async function queryInterpreter(pythonPath: string): Promise<Interpreter> {
  try {
    const { stdout } = await run(pythonPath, ['-I', '-c', QUERY], { timeout: 20_000 });
    return interpreterSchema.parse(JSON.parse(stdout));
  } catch (thrown) {
    const reason = coerceError(thrown).message.split('\n').slice(0, 3).join(' ');
    throw notFound(
      `Expected a working Python 3.9 or newer at ${pythonPath}, but it does not start: ${reason}`,
    );
  }
}

function notFound(message: string): SandboxProblem {
  return new SandboxProblem(
    'PYTHON_NOT_FOUND',
    message,
    'Install Python 3 (apt-get install python3) or set PYTHON_PATH to one.',
  );
}

const run = promisify(execFile);

const interpreterSchema = z.object({
  executable: z.string(),
  version: z.string(),
  prefix: z.string(),
  libraries: z.array(z.string()),
});

/**
 * Prints the interpreter as JSON. Its libraries are the files that Python maps into memory after it loaded the usual C
 * extensions, so that unusual layouts (Nix, a libpython elsewhere) work without a list of distributions.
 */
const QUERY = `
import json, os, platform, sys
for name in ("ctypes", "ssl", "sqlite3", "lzma", "bz2", "zlib", "decimal", "hashlib", "readline"):
    try:
        __import__(name)
    except Exception:
        pass
mapped = {line.split(None, 5)[5].strip() for line in open("/proc/self/maps") if line.count("/")}
print(json.dumps({
    "executable": os.path.realpath(sys.executable),
    "version": platform.python_version(),
    "prefix": os.path.realpath(sys.base_prefix),
    "libraries": sorted(p for p in mapped if p.startswith("/") and os.path.isfile(p)),
}))
`;
