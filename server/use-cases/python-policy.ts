import { type PythonPolicy, policyWithin } from '../sandbox/backend.ts';
import type { UserError } from './types.ts';

/** @param bound the loosest that the operator grants; null where sandbox services decide */
export function policyErrors(
  asked: PythonPolicy | null | undefined,
  bound: PythonPolicy | null,
  field = 'pythonPolicy',
): UserError[] {
  if (asked == null || bound === null || policyWithin(bound, asked) === asked) return [];
  const granted = bound === 'strict' ? 'STRICT' : 'STRICT or STANDARD';
  const message = `Expected \`${field}\` to be ${granted}, because PYTHON_POLICY of this server is ${bound}, got ${asked.toUpperCase()}. Ask for a stricter policy, or the operator to set PYTHON_POLICY=${asked}.`;
  return [{ code: 'POLICY_NOT_ALLOWED', field, message }];
}
