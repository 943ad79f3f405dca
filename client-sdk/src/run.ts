import {
  ExecutionCancelDocument,
  type ExecutionCancelMode,
  ExecutionDocument,
  type ExecutionEventType,
  type ExecutionPartsFragment,
  type ExecutionQuery,
  ExecutionResumeDocument,
  ExecutionRetryDocument,
  ExecutionRetryPlanDocument,
  type ExecutionRetryPlanQuery,
  type ExecutionRetryStrategy,
  type ExecutionRetryVersion,
  ExecutionWaitingForDocument,
  type FailureAction,
  type WaitingForPartsFragment,
} from './_generated_operations.ts';
import { makeRunActivity, type RunActivity } from './activity.ts';
import type { ClientContext } from './context.ts';
import { WeftNotFoundError, WeftTimeoutError } from './errors.ts';
import { type EventOf, terminalTypes } from './event.ts';
import { executionErrorOf } from './execution-error.ts';
import type { LiveStream } from './live-stream.ts';
import { type RequestOptions, request } from './request.ts';
import { type EventsOptions, streamEvents } from './stream-events.ts';
import { streamText, type TextOptions, type TextStream } from './text.ts';
import { withDeadline } from './transport/deadline.ts';
import { unwrapPayload } from './user-errors.ts';
import { abortable } from './waiting.ts';

/** An execution as lists and mutations return it. */
export type Execution = ExecutionPartsFragment;

/** An execution with the state of each of its nodes. */
export type ExecutionWithNodes = NonNullable<ExecutionQuery['execution']>;

/** The methods of a run, whether its id is known yet or not. A run holds nothing open. */
export interface RunMethods<Output> extends RunActivity {
  /** The run's events, past and live, from the first or after a cursor, up to the last; then the stream ends. */
  events<Type extends ExecutionEventType = ExecutionEventType>(
    options?: EventsOptions<Type>,
  ): LiveStream<EventOf<Type>>;
  /**
   * The run's output, once the run has succeeded.
   * @throws WeftExecutionError when the run failed or was canceled
   * @throws WeftTimeoutError when the run has not ended within `timeoutMs`; the run goes on
   */
  result(options?: ResultOptions): Promise<Output>;
  /**
   * What the run prints to stdout: `await` returns the whole text at the end of the run, `for await` yields each piece
   * when it is printed. The server keeps the first MiB, and 256 KiB of a line; only `NodeOutput` events say where text
   * is left out (`truncated`).
   */
  text(options?: TextOptions): TextStream;
  /** The run's current state. @throws WeftNotFoundError where the execution does not exist */
  get(options?: RequestOptions): Promise<ExecutionWithNodes>;
  /**
   * Why the run has not begun, and how many go before it: a limit of its workflow, or that all workers are busy; null
   * once it has. @throws WeftNotFoundError where the execution does not exist
   */
  waitingFor(options?: RequestOptions): Promise<WaitingFor | null>;
  /**
   * Cancels the run: GRACEFUL, the default, lets Python clean up for a moment, FORCE does not. Resolves when the
   * request is accepted; the run ends with an event, and `result()` then throws EXECUTION_CANCELED.
   * @throws WeftNotFoundError where the execution does not exist
   * @throws WeftInputError ALREADY_ENDED where the run has ended
   */
  cancel(mode?: ExecutionCancelMode, options?: RequestOptions): Promise<Execution>;
  /**
   * Runs the workflow again, as a new execution. FROM_FAILURE, the default, reuses the outputs of the nodes that had
   * succeeded; with `version: 'LATEST'` those that the latest version has not changed.
   * @throws WeftNotFoundError where the execution does not exist
   * @throws WeftInputError while the run has not ended, and for FROM_FAILURE where nothing failed and nothing differs
   */
  retry(strategy?: ExecutionRetryStrategy, options?: RetryOptions): Promise<Run<Output>>;
  /** What such a retry would reuse and run; it is not started. Throws what `retry` throws. */
  retryPlan(strategy?: ExecutionRetryStrategy, options?: RetryOptions): Promise<RetryPlan>;
  /**
   * Goes on with the run whose nodes have failed and wait for somebody (`onFailure: 'PARK'`).
   * @throws WeftNotFoundError where the execution does not exist
   * @throws WeftInputError where no node of it waits after a failure, and for a version that changes what has run
   */
  resume(options?: ResumeOptions): Promise<Execution>;
}

export interface ResumeOptions extends RequestOptions {
  /** RETRY, which is the default: the failed nodes start again. FAIL: they have failed for good, and so has the run. */
  action?: FailureAction | undefined;
  /** The version of the run, which is the default, or the latest of its workflow. */
  version?: ExecutionRetryVersion | undefined;
}

export interface RetryOptions extends RequestOptions {
  /** The version of the former run, which is the default, or the latest of its workflow. */
  version?: ExecutionRetryVersion | undefined;
  /** The input, where it is another one than that of the former run. Every node depends on it: nothing is reused then. */
  input?: unknown;
}

/** What holds a run back before it begins. */
export type WaitingFor = WaitingForPartsFragment;

/** What a retry does with each node. */
export type RetryPlan = Omit<ExecutionRetryPlanQuery['executionRetryPlan'], 'userErrors'>;

/** A handle on one execution. */
export interface Run<Output = unknown> extends RunMethods<Output> {
  readonly id: string;
}

export interface ResultOptions {
  /** Ends the wait, which then rejects with the signal's reason; the run goes on. */
  signal?: AbortSignal | undefined;
  /** How long to wait, in milliseconds; without a limit unless given. */
  timeoutMs?: number | undefined;
}

export function makeRun<Output>(context: ClientContext, id: string): Run<Output> {
  return { id, ...makeRunMethods<Output>(context, async () => id) };
}

/** A run whose start is still pending. Its methods wait for the start, and throw what the start throws. */
export function makePendingRun<Output>(context: ClientContext, started: Promise<string>) {
  started.catch(() => {}); // a run whose methods nobody calls must not cause an unhandled rejection
  const id = () => started;
  return { id, ...makeRunMethods<Output>(context, id) };
}

function makeRunMethods<Output>(context: ClientContext, idOf: () => Promise<string>): RunMethods<Output> {
  const { settings } = context;
  const idWithin = ({ signal }: RequestOptions = {}) => abortable(idOf(), signal);
  return {
    ...makeRunActivity(context, idOf),
    events: (options) => streamEvents(context, idOf, options),
    result: (options) => waitForResult<Output>(context, idOf, options),
    text: (options) => streamText(context, idOf, options),
    async get(options) {
      const id = await idWithin(options);
      const { execution } = await request(settings, ExecutionDocument, { id }, options);
      if (execution === null) throw new WeftNotFoundError('NOT_FOUND', `There is no execution ${id}.`);
      return execution;
    },
    async waitingFor(options) {
      const id = await idWithin(options);
      const { execution } = await request(settings, ExecutionWaitingForDocument, { id }, options);
      if (execution === null) throw new WeftNotFoundError('NOT_FOUND', `There is no execution ${id}.`);
      return execution.waitingFor;
    },
    async cancel(mode = 'GRACEFUL', options) {
      const variables = { id: await idWithin(options), mode };
      const idempotent = { ...options, idempotent: true };
      const data = await request(settings, ExecutionCancelDocument, variables, idempotent);
      return unwrapPayload(data.executionCancel, 'execution');
    },
    async resume({ action, version, ...options } = {}) {
      const variables = {
        id: await idWithin(options),
        ...(action && { action }),
        ...(version && { version }),
      };
      const { executionResume } = await request(settings, ExecutionResumeDocument, variables, options);
      return unwrapPayload(executionResume, 'execution');
    },
    async retryPlan(strategy = 'FROM_FAILURE', options) {
      const variables = { id: await idWithin(options), strategy, ...retryVariables(options) };
      const { executionRetryPlan } = await request(settings, ExecutionRetryPlanDocument, variables, options);
      const { userErrors, ...plan } = executionRetryPlan;
      return unwrapPayload({ plan: userErrors.length > 0 ? null : plan, userErrors }, 'plan');
    },
    async retry(strategy = 'FROM_FAILURE', options) {
      const variables = { id: await idWithin(options), strategy, ...retryVariables(options) };
      const data = await request(settings, ExecutionRetryDocument, variables, options);
      return makeRun<Output>(context, unwrapPayload(data.executionRetry, 'execution').id);
    },
  };
}

/** What is left out has the server's default. */
function retryVariables({ version, input }: RetryOptions = {}) {
  return { ...(version && { version }), ...(input !== undefined && { input }) };
}

async function waitForResult<Output>(
  context: ClientContext,
  id: () => Promise<string>,
  { signal, timeoutMs = Number.POSITIVE_INFINITY }: ResultOptions = {},
): Promise<Output> {
  const tooLate = new WeftTimeoutError(
    `Expected the execution to end within ${timeoutMs} ms, but it is still running.`,
  );
  return await withDeadline(signal, timeoutMs, tooLate, async (deadline) => {
    for await (const event of streamEvents(context, id, { types: terminalTypes, signal: deadline })) {
      if (event.type === 'ExecutionSucceeded') return event.output as Output;
      throw executionErrorOf(await id(), event);
    }
    throw new Error('Expected the stream of events to end with a terminal event.');
  });
}
