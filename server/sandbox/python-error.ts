import type { PythonError } from './backend.ts';

/** A PythonError with defaults for the fields that are not known; the default code is that of an error in user code. */
export function pythonError(known: Partial<PythonError> & { message: string }): PythonError {
  return {
    code: 'PYTHON_EXECUTION_ERROR',
    type: null,
    traceback: null,
    line: null,
    column: null,
    exitCode: null,
    stderr: null,
    retryable: false,
    ...known,
  };
}
