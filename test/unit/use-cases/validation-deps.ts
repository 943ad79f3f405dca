import { openEvaluator } from '../../../server/expressions/evaluator.ts';
import { nodeRegistry } from '../../../server/nodes/registry.ts';
import type { PythonFinding } from '../../../server/sandbox/backend.ts';
import { makeLogger } from '../../../server/shared/logger.ts';
import type { ValidationDeps } from '../../../server/use-cases/validate.ts';

/** What validation works with; its sandbox finds nothing in any code, unless the test says what. Secrets that begin with KNOWN are there. */
export function validationDeps(
  find: (code: string) => Promise<PythonFinding[]> = async () => [],
): ValidationDeps & Disposable {
  const evaluator = openEvaluator();
  return {
    registry: nodeRegistry,
    evaluator,
    sandbox: {
      check: async (code) => ({
        findings: await find(code),
        shape: 'SCRIPT',
        inputSchema: null,
        imports: [],
        policy: 'strict',
      }),
    },
    project: 'default',
    pythonPolicy: 'strict',
    logger: makeLogger('silent'),
    secretNames: async (names) => new Set(names.filter((name) => name.startsWith('KNOWN'))),
    [Symbol.dispose]: () => evaluator[Symbol.dispose](),
  };
}
