import {
  ExecutionExportDocument,
  type ExecutionFilter,
  ExecutionStartDocument,
  type ExecutionStartInput,
  type ExecutionStatus,
  ExecutionSummariesDocument,
  type ExecutionSummaryPartsFragment,
  ExecutionSummaryUpdatesDocument,
  ExecutionsDocument,
  ExecutionUpdatesDocument,
} from './_generated_operations.ts';
import { type BulkMethods, makeBulk } from './bulk.ts';
import { makeFollow, makeList } from './collections.ts';
import type { ClientContext } from './context.ts';
import { WeftNotFoundError } from './errors.ts';
import { type ExecutionExport, readExport } from './export.ts';
import type { Listing, ListOptions } from './listing.ts';
import type { FollowOptions, LiveStream } from './live-stream.ts';
import { makeIdempotencyKey, type RequestOptions, request } from './request.ts';
import { type Execution, makeRun, type Run } from './run.ts';
import { unwrapPayload } from './user-errors.ts';

/** An execution as a list shows it. */
export type ExecutionSummary = ExecutionSummaryPartsFragment;

/** What to run, named by its id or by its key, and with what. */
export type StartInput = Omit<ExecutionStartInput, 'workflowId' | 'workflowKey'> &
  ({ workflowId: string; workflowKey?: never } | { workflowKey: string; workflowId?: never });

export interface Executions extends BulkMethods {
  /**
   * Starts a workflow. Resolves when the execution is queued durably. The client retries when the connection breaks: an
   * idempotency key, yours or the client's, makes sure that the workflow starts once.
   * @throws WeftInputError for an unknown workflow, and for an input that does not match its `inputSchema`
   */
  start<Output = unknown>(input: StartInput, options?: RequestOptions): Promise<Run<Output>>;
  /** A handle on an execution whose id is known. Sends no request. */
  run<Output = unknown>(id: string): Run<Output>;
  /**
   * A whole execution as one document, to keep or to replay with `@weft/client/testing`.
   * @throws WeftNotFoundError where the execution does not exist
   * @throws WeftRequestError EXPORT_TOO_LARGE past 32 MiB of events
   */
  export(id: string, options?: RequestOptions): Promise<ExecutionExport>;
  /** Executions, newest first. */
  list(options?: ListOptions & { filter?: ExecutionFilter }): Listing<Execution>;
  /**
   * Executions as their status changes, from now on. Of changes in quick succession only the latest is emitted; changes
   * while the connection is lost are not emitted later.
   */
  updates(options?: UpdatesOptions): LiveStream<Execution>;
  /** Executions without input and output, which may be large; newest first. */
  summaries(options?: ListOptions & { filter?: ExecutionFilter }): Listing<ExecutionSummary>;
  /** The same as `updates`, without input and output. */
  summaryUpdates(options?: UpdatesOptions): LiveStream<ExecutionSummary>;
}

export interface UpdatesOptions extends FollowOptions {
  /** Only executions of this workflow. */
  workflowId?: string;
  /** Only executions whose new status is one of these. */
  statuses?: ExecutionStatus[];
}

export function makeExecutions(context: ClientContext): Executions {
  const { settings } = context;
  return {
    ...makeBulk(settings),
    async start<Output>(input: StartInput, options?: RequestOptions) {
      const keyed = { ...input, idempotencyKey: input.idempotencyKey ?? makeIdempotencyKey() };
      const idempotent = { ...options, idempotent: true };
      const data = await request(settings, ExecutionStartDocument, { input: keyed }, idempotent);
      return makeRun<Output>(context, unwrapPayload(data.executionStart, 'execution').id);
    },
    run: (id) => makeRun(context, id),
    async export(id, options) {
      const { executionExport } = await request(settings, ExecutionExportDocument, { id }, options);
      if (executionExport === null) throw new WeftNotFoundError('NOT_FOUND', `There is no execution ${id}.`);
      return readExport(executionExport);
    },
    list: makeList(settings, ExecutionsDocument, 'executions'),
    updates: makeFollow(context, ExecutionUpdatesDocument, 'executionUpdates'),
    summaries: makeList(settings, ExecutionSummariesDocument, 'executions'),
    summaryUpdates: makeFollow(context, ExecutionSummaryUpdatesDocument, 'executionUpdates'),
  };
}
