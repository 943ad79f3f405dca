import {
  PythonCheckDocument,
  type PythonCheckQuery,
  PythonEnvironmentDeleteDocument,
  type PythonEnvironmentFieldsFragment,
  PythonEnvironmentPrepareDocument,
  PythonEnvironmentProgressDocument,
  type PythonEnvironmentProgressSubscription,
  PythonEnvironmentsDocument,
  type PythonPolicy,
  PythonRunDocument,
  type PythonRunInput,
} from './_generated_operations.ts';
import type { ClientContext } from './context.ts';
import { type Connect, type LiveStream, openLiveStream } from './live-stream.ts';
import { makeIdempotencyKey, type RequestOptions, request } from './request.ts';
import { makePendingRun, type RunMethods } from './run.ts';
import { unwrapPayload } from './user-errors.ts';

export type PythonCheck = PythonCheckQuery['pythonCheck'];

/** A set of packages that is installed for runs to use. */
export type PythonEnvironment = PythonEnvironmentFieldsFragment;

/** How far an environment is; READY and FAILED are the last. */
export type PythonEnvironmentProgress = PythonEnvironmentProgressSubscription['pythonEnvironmentProgress'];

export interface PythonEnvironments {
  /** The environments on the host that answers. */
  list(options?: RequestOptions): Promise<PythonEnvironment[]>;
  /**
   * Installs packages before the first run that needs them; resolves when the environment is ready. `timeoutMs` is ten
   * minutes unless given. The installation goes on when the client stops waiting.
   * @throws WeftInputError for packages that are not allowed or cannot be installed
   * @throws WeftServerError PYTHON_SERVICE_ERROR while the server cannot reach a sandbox service
   */
  prepare(packages: string[], options?: RequestOptions): Promise<PythonEnvironment>;
  /**
   * The same, stage by stage. Packages that cannot be installed are the last stage, FAILED; nothing is thrown for them.
   */
  progress(
    packages: string[],
    options?: Pick<RequestOptions, 'signal'>,
  ): LiveStream<PythonEnvironmentProgress>;
  /**
   * Deletes an environment. The next run that needs its packages installs them again.
   * @throws WeftNotFoundError where the environment does not exist
   * @throws WeftInputError IN_USE while a run uses the environment
   */
  delete(id: string, options?: RequestOptions): Promise<void>;
}

export interface Python {
  /**
   * Runs one piece of Python, without a workflow. The run can be used before the server has answered:
   * `await weft.python.run({ code }).text()`. Faults of the input are thrown by the run's methods.
   */
  run<Output = unknown>(input: PythonRunInput, options?: RequestOptions): PythonRun<Output>;
  /**
   * Everything in the code that the sandbox would refuse under the policy, by default the server's; the code does not
   * run.
   * @throws WeftServerError PYTHON_SERVICE_ERROR while the server cannot reach a sandbox service
   */
  check(
    code: string,
    options?: RequestOptions & { packages?: string[]; policy?: PythonPolicy; hosts?: string[] },
  ): Promise<PythonCheck>;
  readonly environments: PythonEnvironments;
}

/** The run of one piece of Python. */
export interface PythonRun<Output = unknown> extends RunMethods<Output> {
  /** Resolves to the id of the run's execution, once that is queued. */
  id(): Promise<string>;
}

export function makePython(context: ClientContext): Python {
  const { settings } = context;
  return {
    run: (input, options) => makePendingRun(context, start(input, options)),
    async check(code, { packages, policy, hosts, ...options } = {}) {
      const variables = { code, packages, policy, hosts };
      const { pythonCheck } = await request(settings, PythonCheckDocument, variables, options);
      return pythonCheck;
    },
    environments: makeEnvironments(context),
  };

  async function start(input: PythonRunInput, options?: RequestOptions): Promise<string> {
    const keyed = { ...input, idempotencyKey: input.idempotencyKey ?? makeIdempotencyKey() };
    const idempotent = { ...options, idempotent: true };
    const data = await request(settings, PythonRunDocument, { input: keyed }, idempotent);
    return unwrapPayload(data.pythonRun, 'execution').id;
  }
}

const installMs = 600_000;

function makeEnvironments(context: ClientContext): PythonEnvironments {
  const { settings } = context;
  return {
    async list(options) {
      return (await request(settings, PythonEnvironmentsDocument, {}, options)).pythonEnvironments;
    },
    async prepare(packages, options) {
      const longer = { timeoutMs: installMs, ...options, idempotent: true };
      const data = await request(settings, PythonEnvironmentPrepareDocument, { packages }, longer);
      return unwrapPayload(data.pythonEnvironmentPrepare, 'pythonEnvironment');
    },
    progress: (packages, { signal } = {}) =>
      openLiveStream(context, 'PythonEnvironmentProgress', signal, (connect) => stagesOf(packages, connect)),
    async delete(id, options) {
      const data = await request(settings, PythonEnvironmentDeleteDocument, { id }, options);
      unwrapPayload(data.pythonEnvironmentDelete, 'deletedPythonEnvironmentId');
    },
  };
}

async function* stagesOf(
  packages: string[],
  connect: Connect,
): AsyncGenerator<PythonEnvironmentProgress, void> {
  const stages = connect({
    document: PythonEnvironmentProgressDocument,
    variables: async () => ({ packages }),
    select: ({ pythonEnvironmentProgress }) => pythonEnvironmentProgress,
    countEvents: () => 1,
  });
  for await (const stage of stages) {
    yield stage;
    if (stage.status === 'READY' || stage.status === 'FAILED') return;
  }
}
