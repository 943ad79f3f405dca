import { expect } from '@jest/globals';
import { errorOf, resultOf, type TestRun } from '../../support/test-sandbox.ts';
import type { Attack, Ending } from './attack.ts';

export function expectEnding(run: TestRun, ending: Ending): void {
  switch (ending.kind) {
    case 'harmless':
      break;
    case 'succeeds':
      expect(resultOf(run)).toEqual(ending.result);
      break;
    case 'fails':
      expect(ending.codes).toContain(errorOf(run).code);
      break;
    case 'reported': {
      const violation = { layer: 'KERNEL', message: expect.stringContaining(`\`${ending.call}\``) };
      expect(run.events).toContainEqual({ kind: 'violation', violation: expect.objectContaining(violation) });
      expect(errorOf(run).code).toBe('PYTHON_SECURITY_ERROR');
      break;
    }
    default:
      ending satisfies never;
  }
}

export function isForThisProcessor({ arch }: Attack): boolean {
  return arch === undefined || arch === process.arch;
}
