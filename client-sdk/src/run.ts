import {
  ExecutionCancelDocument,
  type ExecutionCancelMode,
  ExecutionDocument,
  type ExecutionEventType,
  type ExecutionPartsFragment,
  type ExecutionQuery,
  ExecutionRetryDocument,
  type ExecutionRetryStrategy,
} from './_generated_operations.ts';
import { WeftNotFoundError, WeftTimeoutError } from './errors.ts';
import { type EventOf, terminalTypes } from './event.ts';
import { executionErrorOf } from './execution-error.ts';
import type { Live, LiveStream } from './live.ts';
import { type RequestOptions, request } from './request.ts';
import { type EventsOptions, streamEvents } from './stream-events.ts';
import { streamText, type TextOptions, type TextStream } from './text.ts';
import { withDeadline } from './transport/deadline.ts';
import { payloadOf } from './user-errors.ts';
import { orAborted } from './waiting.ts';

/** An execution as lists and mutations give it. */
export type Execution = ExecutionPartsFragment;

/** An execution with the state of each of its nodes. */
export type ExecutionWithNodes = NonNullable<ExecutionQuery['execution']>;

/** What can be done with a run whether or not its id is known already. It holds nothing open. */
export interface RunMethods<Output> {
  /** What happens in it, from the first event or from `after`, live, to the last; then the stream ends. */
  events<Type extends ExecutionEventType = ExecutionEventType>(
    options?: EventsOptions<Type>,
  ): LiveStream<EventOf<Type>>;
  /**
   * Its output, once it has succeeded.
   * @throws WeftExecutionError when it failed or was canceled
   * @throws WeftTimeoutError when `timeoutMs` is given and it has not ended by then; it goes on
   */
  result(options?: ResultOptions): Promise<Output>;
  /**
   * What it prints to stdout: `await` gives it at the end of the run, `for await` piece by piece as it is printed. The
   * server keeps the first MiB of it, and 256 KiB of a line; what is left out shows in `NodeOutput` events alone
   * (`truncated`).
   */
  text(options?: TextOptions): TextStream;
  /** Its state now. @throws WeftNotFoundError where there is no such execution */
  get(options?: RequestOptions): Promise<ExecutionWithNodes>;
  /**
   * Has it ended before its time: GRACEFUL, the default, lets Python clean up for a moment, FORCE does not. Answers when
   * that is asked for; the end is an event like any other, and `result()` then throws EXECUTION_CANCELED.
   * @throws WeftNotFoundError where there is no such execution
   * @throws WeftInputError ALREADY_ENDED
   */
  cancel(mode?: ExecutionCancelMode, options?: RequestOptions): Promise<Execution>;
  /**
   * Runs again what it ran, as a new execution; FROM_FAILURE, the default, reuses the nodes that had succeeded.
   * @throws WeftNotFoundError where there is no such execution
   * @throws WeftInputError while it has not ended, and FROM_FAILURE where nothing failed
   */
  retry(strategy?: ExecutionRetryStrategy, options?: RequestOptions): Promise<Run<Output>>;
}

/** One execution whose id is known, to follow and to steer. */
export interface Run<Output = unknown> extends RunMethods<Output> {
  readonly id: string;
}

export interface ResultOptions {
  /** Ends the wait, which then rejects with the signal's reason. The run goes on. */
  signal?: AbortSignal | undefined;
  /** How long to wait, milliseconds; as long as it takes where none is given. */
  timeoutMs?: number | undefined;
}

export function makeRun<Output>(live: Live, id: string): Run<Output> {
  return { id, ...makeRunMethods<Output>(live, async () => id) };
}

/** A run that is being started: it can be used at once, and what went wrong with the start is thrown by each method. */
export function makeStartedRun<Output>(live: Live, started: Promise<string>) {
  started.catch(() => {}); // a run that nobody asks about is no unhandled rejection
  const id = () => started;
  return { id, ...makeRunMethods<Output>(live, id) };
}

function makeRunMethods<Output>(live: Live, idOf: () => Promise<string>): RunMethods<Output> {
  const { settings } = live;
  const idWithin = ({ signal }: RequestOptions = {}) => orAborted(idOf(), signal);
  return {
    events: (options) => streamEvents(live, idOf, options),
    result: (options) => waitForResult<Output>(live, idOf, options),
    text: (options) => streamText(live, idOf, options),
    async get(options) {
      const id = await idWithin(options);
      const { execution } = await request(settings, ExecutionDocument, { id }, options);
      if (execution === null) throw new WeftNotFoundError('NOT_FOUND', `There is no execution ${id}.`);
      return execution;
    },
    async cancel(mode = 'GRACEFUL', options) {
      const variables = { id: await idWithin(options), mode };
      const repeatable = { ...options, repeatable: true };
      const data = await request(settings, ExecutionCancelDocument, variables, repeatable);
      return payloadOf(data.executionCancel, 'execution');
    },
    async retry(strategy = 'FROM_FAILURE', options) {
      const variables = { id: await idWithin(options), strategy };
      const data = await request(settings, ExecutionRetryDocument, variables, options);
      return makeRun<Output>(live, payloadOf(data.executionRetry, 'execution').id);
    },
  };
}

async function waitForResult<Output>(
  live: Live,
  id: () => Promise<string>,
  { signal, timeoutMs = Number.POSITIVE_INFINITY }: ResultOptions = {},
): Promise<Output> {
  const tooLate = new WeftTimeoutError(`Expected the execution to end within ${timeoutMs} ms; it goes on.`);
  return await withDeadline(signal, timeoutMs, tooLate, async (deadline) => {
    for await (const event of streamEvents(live, id, { types: terminalTypes, signal: deadline })) {
      if (event.type === 'ExecutionSucceeded') return event.output as Output;
      throw executionErrorOf(await id(), event);
    }
    throw new Error('Expected the stream of events to end with a terminal event.');
  });
}
