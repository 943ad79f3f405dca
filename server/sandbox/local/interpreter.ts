import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { coerceError } from '../../shared/errors.ts';
import { SandboxProblem } from './problem.ts';

/** The real Python behind whatever `python3` on the PATH is, and what it needs to run elsewhere. */
export interface Interpreter {
  executable: string;
  version: string;
  /** Folders and files that the room must hold, all absolute, each with its symlinks resolved. */
  prefix: string;
  libraries: string[];
}

/**
 * Asks the interpreter itself, once: a shim (pyenv, asdf) costs 77 ms a start and does not work inside the
 * room, where its own files are not. Throws SandboxProblem (PYTHON_NOT_FOUND).
 */
export async function findInterpreter(pythonPath: string): Promise<Interpreter> {
  const told = await askInterpreter(pythonPath);
  const [major = 0, minor = 0] = told.version.split('.').map(Number);
  if (major !== 3 || minor < 9) {
    throw notFound(
      `Expected Python 3.9 or newer at ${pythonPath}, found ${told.version} (${told.executable})`,
    );
  }
  return told;
}

async function askInterpreter(pythonPath: string): Promise<Interpreter> {
  try {
    const { stdout } = await run(pythonPath, ['-I', '-c', QUESTION], { timeout: 20_000 });
    return answerSchema.parse(JSON.parse(stdout));
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

const answerSchema = z.object({
  executable: z.string(),
  version: z.string(),
  prefix: z.string(),
  libraries: z.array(z.string()),
});

/**
 * The libraries are those mapped into a Python that has loaded its usual C extensions, so that an unusual
 * layout (Nix, a libpython elsewhere) works without a list of distributions.
 */
const QUESTION = `
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
