import { WeftError } from '../shared/errors.ts';
import type { PackageFinding } from './check.ts';

/** The requested packages could not be installed; the message contains the installer's output. */
export class PackageError extends WeftError {
  constructor(
    message: string,
    /** The network or the host is the cause: another attempt may succeed. */
    readonly retryable = false,
    options: { cause?: unknown } = {},
  ) {
    super('PYTHON_PACKAGE_ERROR', message, options);
    this.name = 'PackageError';
  }
}

/** The packages do not fit into the disk space that the server's settings leave. */
export class DiskLimitError extends PackageError {}

/** The request is malformed, or the rules of the server forbid it. */
export class PackageRefusal extends WeftError {
  constructor(readonly findings: readonly PackageFinding[]) {
    super('PYTHON_PACKAGE_ERROR', findings.map(({ message }) => message).join(' '));
    this.name = 'PackageRefusal';
  }
}
