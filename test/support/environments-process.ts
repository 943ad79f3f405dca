import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../../server/shared/paths.ts';

/** What a process that requested packages printed at its end: the environment's id, or the error. */
export interface EnsureAnswer {
  id: string | null;
  error: string | null;
}

/** Starts another process that requests packages from a shared folder of environments, and then ends, unless it `stays`. */
export function spawnEnsure(
  folder: string,
  packages: readonly string[],
  settings: object,
  command: readonly string[] = [],
  { stays = false } = {},
): { child: ChildProcess; answer: Promise<EnsureAnswer> } {
  const script = `
    const { openTestEnvironments } = await import(${JSON.stringify(compiled('test/support/test-environments.js'))});
    const environments = await openTestEnvironments(${JSON.stringify(folder)}, ${JSON.stringify(settings)});
    const answer = await environments
      .ensure(${JSON.stringify(packages)}, { signal: new AbortController().signal, onEvent() {} })
      .then(({ environment: { id } }) => ({ id, error: null }), ({ message }) => ({ id: null, error: message }));
    console.log(JSON.stringify(answer));
    ${stays ? 'setInterval(() => {}, 1_000)' : 'process.exit()'};
  `;
  const [program, ...args] = [...command, process.execPath, '--input-type=module', '-e', script];
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  const answer = once(child, 'close').then(() => JSON.parse(output || 'null'));
  return { child, answer };
}

function compiled(path: string): string {
  return join(projectRoot, 'dist', path);
}
