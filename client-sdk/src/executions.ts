import {
  ExecutionExportDocument,
  type ExecutionFilter,
  ExecutionStartDocument,
  type ExecutionStartInput,
  type ExecutionStatus,
  ExecutionsDocument,
  ExecutionUpdatesDocument,
} from './_generated_operations.ts';
import { WeftNotFoundError } from './errors.ts';
import { type ExecutionExport, readExport } from './export.ts';
import { type Listing, type ListOptions, makeListing } from './listing.ts';
import { followed, type Live, type LiveStream } from './live.ts';
import { makeIdempotencyKey, type RequestOptions, request } from './request.ts';
import { type Execution, makeRun, type Run } from './run.ts';
import { payloadOf } from './user-errors.ts';

export interface Executions {
  /**
   * Starts a workflow. Answers when the execution is safely queued. Repeated by itself when the way to the server
   * breaks: an idempotency key, yours or one made here, sees to it that it starts once.
   * @throws WeftInputError for an unknown workflow, and for an input that does not fit its `inputSchema`
   */
  start<Output = unknown>(input: ExecutionStartInput, options?: RequestOptions): Promise<Run<Output>>;
  /** An execution whose id is known already. Asks the server nothing. */
  run<Output = unknown>(id: string): Run<Output>;
  /**
   * A whole execution as one document, to keep or to replay with `@weft/client/testing`.
   * @throws WeftNotFoundError where there is no such execution
   * @throws WeftRequestError EXPORT_TOO_LARGE past 32 MiB of events
   */
  export(id: string, options?: RequestOptions): Promise<ExecutionExport>;
  /** Executions, newest first. */
  list(options?: ListOptions & { filter?: ExecutionFilter }): Listing<Execution>;
  /**
   * Executions as they change status, from now on; of changes in quick succession the latest is told. What changes
   * while the connection is lost is not told afterwards.
   */
  updates(options?: UpdatesOptions): LiveStream<Execution>;
}

export interface UpdatesOptions extends RequestOptions {
  /** Only executions of this workflow. */
  workflowId?: string;
  /** Only those that are now in one of these. */
  statuses?: ExecutionStatus[];
}

export function makeExecutions(live: Live): Executions {
  const { settings } = live;
  return {
    async start<Output>(input: ExecutionStartInput, options?: RequestOptions) {
      const keyed = { ...input, idempotencyKey: input.idempotencyKey ?? makeIdempotencyKey() };
      const repeatable = { ...options, repeatable: true };
      const data = await request(settings, ExecutionStartDocument, { input: keyed }, repeatable);
      return makeRun<Output>(live, payloadOf(data.executionStart, 'execution').id);
    },
    run: (id) => makeRun(live, id),
    async export(id, options) {
      const { executionExport } = await request(settings, ExecutionExportDocument, { id }, options);
      if (executionExport === null) throw new WeftNotFoundError('NOT_FOUND', `There is no execution ${id}.`);
      return readExport(executionExport);
    },
    list: ({ filter, ...options } = {}) =>
      makeListing(options, async (page) => {
        const { executions } = await request(settings, ExecutionsDocument, { ...page, filter }, options);
        return executions;
      }),
    updates: ({ signal, ...filter } = {}) =>
      followed(live, 'ExecutionUpdates', signal, (connect) =>
        connect({
          document: ExecutionUpdatesDocument,
          variables: async () => filter,
          pick: ({ executionUpdates }) => executionUpdates,
          weigh: () => 1,
        }),
      ),
  };
}
