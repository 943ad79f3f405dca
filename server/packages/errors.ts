import { WeftError } from '../shared/errors.ts';
import type { PackageFinding } from './check.ts';

/** What was asked for cannot be had, now or ever; the message has the installer's words. */
export class PackageError extends WeftError {
  constructor(
    message: string,
    /** A matter of the network or the host: another attempt may succeed. */
    readonly retryable = false,
    options: { cause?: unknown } = {},
  ) {
    super('PYTHON_PACKAGE_ERROR', message, options);
    this.name = 'PackageError';
  }
}

/** What was asked for may not be had: its requirements are malformed, or against the operator's rules. */
export class PackageRefusal extends WeftError {
  constructor(readonly findings: readonly PackageFinding[]) {
    super('PYTHON_PACKAGE_ERROR', findings.map(({ message }) => message).join(' '));
    this.name = 'PackageRefusal';
  }
}
