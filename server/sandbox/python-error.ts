import type { PythonError } from './backend.ts';

/** An error of which no more is known than what is given; without a code it is the code's own. */
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
