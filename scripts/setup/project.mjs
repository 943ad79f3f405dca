import { execFile, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** The checkout; every script runs from here whatever folder it was called from. */
export const root = dirname(dirname(import.meta.dirname ?? new URL('.', import.meta.url).pathname));

/** The Node that Weft is built for; the shell's own may be older. It exists once dependencies are installed. */
export const pinnedNode = join(root, 'node_modules/.bin/node');

/** Progress goes to stderr: stdout is for the result of the command. */
export function say(message) {
  process.stderr.write(`${message}\n`);
}

export function isOnPath(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => isExecutable(join(folder, command)));
}

/** Runs a command with its output shown; resolves with its exit code (128 + n when a signal ended it). */
export function run(command, args, { env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 128));
  });
}

/** Runs a command with its output kept back; `output` is for showing when it failed. */
export function runQuietly(command, args, { env = {} } = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  return {
    ok: result.status === 0,
    output: `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}`.trim(),
  };
}

/** The same while others go on. */
export function runAside([command, ...args]) {
  return new Promise((resolve) => {
    const options = { cwd: root, maxBuffer: 64 * 1024 * 1024 };
    execFile(command, args, options, (error, stdout, stderr) =>
      resolve({ ok: error === null, output: `${stdout}${stderr}`.trim() || String(error ?? '') }),
    );
  });
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
