import type { PythonFinding, SandboxBackend } from '../sandbox/backend.ts';

export function makePythonUseCases({ sandbox }: { sandbox: SandboxBackend }) {
  return {
    /** All that would keep the code from running, without running it. */
    async check(code: string, packages: readonly string[]): Promise<PythonFinding[]> {
      return [...packages.map(unavailable), ...(await sandbox.check(code))];
    },
  };
}

/** Until environments are built, no package can be had. */
function unavailable(requirement: string): PythonFinding {
  return {
    rule: 'package-unavailable',
    message: `This release of Weft cannot install packages yet: ${requirement}`,
    line: null,
    column: null,
  };
}
