/** One attack as data: its code, and how the run has to end. attacks.test.ts also checks its effects. */
export interface Attack {
  name: string;
  /**
   * Python. It calls `breach(…)` when it detects that it succeeded. `input_data` is all that an attacker can know about
   * the host (world.ts).
   */
  code: string;
  /** How the run ends with the kernel wall alone. */
  kernel: Ending;
  /** How the run ends with all walls; by default PYTHON_SECURITY_ERROR before it begins. */
  strict?: Ending;
  /** How the run ends under `standard`; by default it may do what has no effect. */
  standard?: Ending;
  /** Without a sandbox, the attack reaches a canary on this host, which proves that the test can fail. */
  worksOutside?: boolean;
  timeoutMs?: number;
  memoryMb?: number;
  /** The only architecture whose system call numbers or machine code the attack uses. */
  arch?: NodeJS.Architecture;
}

/** What an attack prints that works. The word is split in the code, because a traceback quotes that line. */
export const BREACH = 'BREACH';
export const PRELUDE = "def breach(*what): print('BREA' 'CH', what)";

export type Ending =
  /** The attack has no effect, and the run may succeed or fail. */
  | { kind: 'harmless' }
  /** The kernel's filter reports this call, and the run fails with it. */
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

/** Template for Python code: removes the common indentation, and leaves backslashes to Python. */
export function py(strings: TemplateStringsArray, ...values: unknown[]): string {
  const lines = String.raw(strings, ...values).split('\n');
  const indents = lines.filter((line) => line.trim()).map((line) => line.search(/\S/));
  const shared = Math.min(...indents);
  return lines
    .map((line) => line.slice(shared))
    .join('\n')
    .trim();
}
