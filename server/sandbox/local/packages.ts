import type { PackageFinding } from '../../packages/check.ts';
import type { EnvironmentEvent, EnvironmentLease } from '../../packages/environment.ts';
import type { Environments } from '../../packages/environments.ts';
import { PackageError, PackageRefusal } from '../../packages/errors.ts';
import type { PythonFinding, PythonOutcome, PythonRunOptions, PythonRunRequest } from '../backend.ts';
import { pythonError } from '../python-error.ts';

export type PackagesOutcome =
  | { kind: 'ready'; lease: EnvironmentLease }
  | Extract<PythonOutcome, { kind: 'failed' }>;

/** Leases the environment of a run, or returns the failed outcome of that run. Emits progress and violations. */
export async function leaseEnvironment(
  environments: Environments,
  { packages }: Pick<PythonRunRequest, 'packages'>,
  { signal, onEvent }: PythonRunOptions,
): Promise<PackagesOutcome> {
  try {
    const emit = (event: EnvironmentEvent) => onEvent({ kind: 'environment', ...event });
    return { kind: 'ready', lease: await environments.ensure(packages, { signal, onEvent: emit }) };
  } catch (error) {
    if (error instanceof PackageRefusal) return refused(error, onEvent);
    if (error instanceof PackageError) {
      const { message, retryable } = error;
      return {
        kind: 'failed',
        error: pythonError({ code: 'PYTHON_PACKAGE_ERROR', message, retryable }),
        durationMs: 0,
      };
    }
    throw error;
  }
}

export function toFindings(findings: readonly PackageFinding[]): PythonFinding[] {
  return findings.map(({ rule, message }) => ({ rule, message, line: null, column: null }));
}

/** A package that is not allowed is a violation; a malformed requirement is only a mistake. */
async function refused(
  { message, findings }: PackageRefusal,
  onEvent: PythonRunOptions['onEvent'],
): Promise<Extract<PythonOutcome, { kind: 'failed' }>> {
  const violations = toFindings(findings.filter(({ rule }) => rule === 'package-not-allowed'));
  for (const finding of violations) {
    await onEvent({
      kind: 'violation',
      violation: { ...finding, code: 'PYTHON_SECURITY_ERROR', layer: 'STATIC' },
    });
  }
  const code = violations.length > 0 ? 'PYTHON_SECURITY_ERROR' : 'PYTHON_PACKAGE_ERROR';
  return { kind: 'failed', error: pythonError({ code, message }), durationMs: 0 };
}
