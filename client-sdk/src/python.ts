import {
  PythonCheckDocument,
  type PythonCheckQuery,
  PythonRunDocument,
  type PythonRunInput,
} from './_generated_operations.ts';
import type { Live } from './live.ts';
import { makeIdempotencyKey, type RequestOptions, request } from './request.ts';
import { type Following, makeFollowing } from './run.ts';
import { payloadOf } from './user-errors.ts';

export type PythonCheck = PythonCheckQuery['pythonCheck'];

export interface Python {
  /**
   * Runs one piece of Python; no workflow needed. It starts at once, and what it returns can be used at once:
   * `await weft.python.run({ code }).text()`. What is wrong with the input is thrown by whatever is called on it.
   */
  run<Output = unknown>(input: PythonRunInput, options?: RequestOptions): PythonRun<Output>;
  /** All that the sandbox would refuse in the code, without running it. */
  check(code: string, options?: RequestOptions & { packages?: string[] }): Promise<PythonCheck>;
}

/** A piece of Python that runs. */
export interface PythonRun<Output = unknown> extends Following<Output> {
  /** The id of its execution, once that is queued. */
  id(): Promise<string>;
}

export function makePython(live: Live): Python {
  const { settings } = live;
  return {
    run<Output>(input: PythonRunInput, options?: RequestOptions) {
      const started = start(input, options);
      started.catch(() => {}); // told by the methods: a run that nobody asks about is no unhandled rejection
      const id = () => started;
      return { id, ...makeFollowing<Output>(live, id) };
    },
    async check(code, { packages, ...options } = {}) {
      const { pythonCheck } = await request(settings, PythonCheckDocument, { code, packages }, options);
      return pythonCheck;
    },
  };

  async function start(input: PythonRunInput, options?: RequestOptions): Promise<string> {
    const keyed = { ...input, idempotencyKey: input.idempotencyKey ?? makeIdempotencyKey() };
    const repeatable = { ...options, repeatable: true };
    const data = await request(settings, PythonRunDocument, { input: keyed }, repeatable);
    return payloadOf(data.pythonRun, 'execution').id;
  }
}
