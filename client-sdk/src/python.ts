import {
  PythonCheckDocument,
  type PythonCheckQuery,
  PythonEnvironmentDeleteDocument,
  type PythonEnvironmentFieldsFragment,
  PythonEnvironmentPrepareDocument,
  PythonEnvironmentsDocument,
  PythonRunDocument,
  type PythonRunInput,
} from './_generated_operations.ts';
import type { Live } from './live.ts';
import type { Settings } from './options.ts';
import { makeIdempotencyKey, type RequestOptions, request } from './request.ts';
import { makeStartedRun, type RunMethods } from './run.ts';
import { payloadOf } from './user-errors.ts';

export type PythonCheck = PythonCheckQuery['pythonCheck'];

/** Packages that are installed for runs to use. */
export type PythonEnvironment = PythonEnvironmentFieldsFragment;

export interface PythonEnvironments {
  /** Those of the host that answers. */
  list(options?: RequestOptions): Promise<PythonEnvironment[]>;
  /**
   * Installs packages ahead of the first run that needs them; answers when they are there, within ten minutes unless
   * `timeoutMs` says otherwise. A client that stops waiting does not stop it.
   * @throws WeftInputError for packages that are not allowed or cannot be installed
   * @throws WeftServerError PYTHON_SERVICE_ERROR while no sandbox service can be reached
   */
  prepare(packages: string[], options?: RequestOptions): Promise<PythonEnvironment>;
  /**
   * Removes one that no run uses. The next run that asks for its packages installs them anew.
   * @throws WeftNotFoundError where there is none of that id
   * @throws WeftInputError IN_USE
   */
  delete(id: string, options?: RequestOptions): Promise<void>;
}

export interface Python {
  /**
   * Runs one piece of Python; no workflow needed. It starts at once, and what it returns can be used at once:
   * `await weft.python.run({ code }).text()`. What is wrong with the input is thrown by whatever is called on it.
   */
  run<Output = unknown>(input: PythonRunInput, options?: RequestOptions): PythonRun<Output>;
  /**
   * All that the sandbox would refuse in the code, without running it.
   * @throws WeftServerError PYTHON_SERVICE_ERROR while no sandbox service can be reached
   */
  check(code: string, options?: RequestOptions & { packages?: string[] }): Promise<PythonCheck>;
  readonly environments: PythonEnvironments;
}

/** A piece of Python that runs. */
export interface PythonRun<Output = unknown> extends RunMethods<Output> {
  /** The id of its execution, once that is queued. */
  id(): Promise<string>;
}

export function makePython(live: Live): Python {
  const { settings } = live;
  return {
    run: (input, options) => makeStartedRun(live, start(input, options)),
    async check(code, { packages, ...options } = {}) {
      const { pythonCheck } = await request(settings, PythonCheckDocument, { code, packages }, options);
      return pythonCheck;
    },
    environments: makeEnvironments(settings),
  };

  async function start(input: PythonRunInput, options?: RequestOptions): Promise<string> {
    const keyed = { ...input, idempotencyKey: input.idempotencyKey ?? makeIdempotencyKey() };
    const repeatable = { ...options, repeatable: true };
    const data = await request(settings, PythonRunDocument, { input: keyed }, repeatable);
    return payloadOf(data.pythonRun, 'execution').id;
  }
}

const installMs = 600_000;

function makeEnvironments(settings: Settings): PythonEnvironments {
  return {
    async list(options) {
      return (await request(settings, PythonEnvironmentsDocument, {}, options)).pythonEnvironments;
    },
    async prepare(packages, options) {
      const patient = { timeoutMs: installMs, ...options, repeatable: true };
      const data = await request(settings, PythonEnvironmentPrepareDocument, { packages }, patient);
      return payloadOf(data.pythonEnvironmentPrepare, 'pythonEnvironment');
    },
    async delete(id, options) {
      const data = await request(settings, PythonEnvironmentDeleteDocument, { id }, options);
      payloadOf(data.pythonEnvironmentDelete, 'deletedPythonEnvironmentId');
    },
  };
}
