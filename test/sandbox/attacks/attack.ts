/** One attack as data: what it does and what has to become of it. Its effect is judged too (attacks.test.ts). */
export interface Attack {
  name: string;
  /**
   * Python. It calls `breach(…)` where it sees for itself that it got what it should not; it knows `input_data`, all
   * that an attacker can know of the host (world.ts).
   */
  code: string;
  /** How it ends with the kernel wall alone. */
  kernel: Ending;
  /** How it ends with all walls; by default before it has begun, with PYTHON_SECURITY_ERROR. */
  strict?: Ending;
  /** Plain Python, run on this host without a sandbox, gets hold of a canary this way: so the test can fail. */
  worksOutside?: boolean;
  timeoutMs?: number;
  memoryMb?: number;
  /** Numbers of system calls, or machine code, of this processor. */
  arch?: NodeJS.Architecture;
}

export type Ending =
  /** Nothing comes of it, and the run may go on. */
  | { kind: 'harmless' }
  /** The kernel's filter reports this call, and the run fails for it. */
  | { kind: 'reported'; call: string }
  | { kind: 'fails'; codes: string[] }
  | { kind: 'succeeds'; result: unknown };

export const harmless: Ending = { kind: 'harmless' };
export const stopped: Ending = { kind: 'fails', codes: ['PYTHON_SECURITY_ERROR'] };
export const raises: Ending = { kind: 'fails', codes: ['PYTHON_EXECUTION_ERROR'] };

export function reported(call: string): Ending {
  return { kind: 'reported', call };
}

export function fails(...codes: string[]): Ending {
  return { kind: 'fails', codes };
}

export function succeeds(result: unknown): Ending {
  return { kind: 'succeeds', result };
}

/** Python in a template, without the indentation that all its lines share; backslashes are Python's. */
export function py(strings: TemplateStringsArray, ...values: unknown[]): string {
  const lines = String.raw(strings, ...values).split('\n');
  const indents = lines.filter((line) => line.trim()).map((line) => line.search(/\S/));
  const shared = Math.min(...indents);
  return lines
    .map((line) => line.slice(shared))
    .join('\n')
    .trim();
}
