import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { projectRoot } from '../../server/shared/paths.ts';

export interface Program extends AsyncDisposable {
  /** The first match in what it has printed, now or later. Fails when it ends without one. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when it has ended, with its exit code and all that it printed. */
  ended(): Promise<{ code: number | null; output: string }>;
}

/** Runs a program from the root of the checkout, as a user would; disposing ends it by closing its stdin and by SIGTERM. */
export function startProgram(command: string, args: string[], env: NodeJS.ProcessEnv): Program {
  const child = spawn(command, args, {
    cwd: projectRoot,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close');
  closed.catch(() => {}); // whoever waits for it gets the error
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  return {
    async said(pattern) {
      for (;;) {
        const match = pattern.exec(output);
        if (match !== null) return match;
        if (hasEnded(child)) throw new Error(`Expected ${pattern} in: ${output}`);
        await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), closed]);
      }
    },
    async ended() {
      await closed;
      return { code: child.exitCode, output };
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      child.kill();
      await closed;
    },
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
