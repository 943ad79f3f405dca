import type { PythonFinding, SandboxBackend } from '../sandbox/backend.ts';

export function makePythonUseCases({ sandbox }: { sandbox: SandboxBackend }) {
  return {
    /** All that would keep the code from running, without running it. */
    check(code: string, packages: readonly string[]): Promise<PythonFinding[]> {
      return sandbox.check(code, packages);
    },
  };
}
