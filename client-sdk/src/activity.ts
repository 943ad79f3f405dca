import {
  type ActivityPartsFragment,
  ExecutionActivityDocument,
  ExecutionChildrenDocument,
  type ExecutionChildrenQuery,
  ExecutionDetailsDocument,
  type ExecutionDetailsQuery,
  ExecutionHistoryDocument,
  ExecutionInputDocument,
} from './_generated_operations.ts';
import type { ClientContext } from './context.ts';
import { WeftNotFoundError } from './errors.ts';
import { type ExecutionEvent, terminalTypes } from './event.ts';
import { type Listing, type ListOptions, makeListing } from './listing.ts';
import { type LiveStream, openLiveStream } from './live-stream.ts';
import { type RequestOptions, request } from './request.ts';
import type { EventsOptions } from './stream-events.ts';
import { pollEvents } from './transport/poll.ts';

/** An event without its output, which may be large. */
export type ActivityEvent = ActivityPartsFragment;

/** Events that came together, in order. */
export interface ActivityBatch {
  events: readonly ActivityEvent[];
  /** Whether these were all at the time: what comes after happens from now on. */
  caughtUp: boolean;
}

/** An execution with the version that it runs, without input and outputs. */
export type ExecutionDetails = NonNullable<ExecutionDetailsQuery['execution']>;

/** An execution that a node of another one has started, and that node; without input and output. */
export type ChildExecution = NonNullable<ExecutionChildrenQuery['execution']>['children']['nodes'][number];

/** What a view of a whole run reads: all that happens without the outputs, and an output where somebody looks at it. */
export interface RunActivity {
  /** Every event, past and live, to the last, in batches of up to 1,000 and without outputs. */
  activity(
    options?: Pick<EventsOptions, 'after' | 'signal' | 'types' | 'nodeKeys'>,
  ): LiveStream<ActivityBatch>;
  /** What has happened so far, with outputs, page by page; `after` is the cursor of an event. */
  history(options?: ListOptions): Listing<ExecutionEvent>;
  /**
   * Those that its nodes have started (`subworkflow`, `repeat`), newest first.
   * @throws WeftNotFoundError where there is no such execution
   */
  children(options?: ListOptions): Listing<ChildExecution>;
  /** The execution and the version that it runs. @throws WeftNotFoundError where there is no such execution */
  details(options?: RequestOptions): Promise<ExecutionDetails>;
  /** What it was started with. @throws WeftNotFoundError where there is no such execution */
  input(options?: RequestOptions): Promise<unknown>;
}

export function makeRunActivity(context: ClientContext, idOf: () => Promise<string>): RunActivity {
  const { settings } = context;
  const found = <T>(execution: T | null, id: string): T => {
    if (execution === null) throw new WeftNotFoundError('NOT_FOUND', `There is no execution ${id}.`);
    return execution;
  };
  return {
    activity: (options) => streamActivity(context, idOf, options),
    history: (options = {}) =>
      makeListing(options, async (page) => {
        const id = await idOf();
        const { execution } = await request(settings, ExecutionHistoryDocument, { id, ...page }, options);
        return found(execution, id).events;
      }),
    children: (options = {}) =>
      makeListing(options, async (page) => {
        const id = await idOf();
        const { execution } = await request(settings, ExecutionChildrenDocument, { id, ...page }, options);
        return found(execution, id).children;
      }),
    async details(options) {
      const id = await idOf();
      return found((await request(settings, ExecutionDetailsDocument, { id }, options)).execution, id);
    },
    async input(options) {
      const id = await idOf();
      return found((await request(settings, ExecutionInputDocument, { id }, options)).execution, id).input;
    },
  };
}

function streamActivity(
  context: ClientContext,
  executionId: () => Promise<string>,
  { types, nodeKeys, signal, after: start }: EventsOptions = {},
): LiveStream<ActivityBatch> {
  const filter = { types: types && [...types], nodeKeys: nodeKeys && [...nodeKeys] };
  let after = start;
  return openLiveStream(context, 'ExecutionActivity', signal, async function* (connect) {
    const batches = connect({
      document: ExecutionActivityDocument,
      variables: async () => ({ executionId: await executionId(), after, ...filter }),
      poll: (variables, handlers) => pollEvents(context.settings, variables, handlers),
      select: ({ executionEvents }) => executionEvents,
      countEvents: ({ events }) => events.length,
      endsWhenEmpty: true,
    });
    let lastSequence = 0;
    for await (const { events, endCursor, caughtUp } of batches) {
      const fresh = events.filter(({ sequence }) => sequence > lastSequence);
      lastSequence = fresh.at(-1)?.sequence ?? lastSequence;
      yield { events: fresh, caughtUp };
      if (fresh.some(({ type }) => (terminalTypes as readonly string[]).includes(type))) return;
      after = endCursor;
    }
  });
}
