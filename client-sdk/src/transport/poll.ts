import {
  type ExecutionEventsSubscriptionVariables,
  ExecutionHistoryDocument,
  type ExecutionStatus,
} from '../_generated_operations.ts';
import { makeBackoff } from '../backoff.ts';
import { WeftNotFoundError } from '../errors.ts';
import type { EventBatch } from '../event.ts';
import type { Settings } from '../options.ts';
import { request } from '../request.ts';
import { delay } from '../waiting.ts';

/** The last resort: requests the pages of an execution's history again and again, less often while nothing happens. */
export async function* pollEvents(
  settings: Settings,
  { executionId, after, types, nodeKeys }: ExecutionEventsSubscriptionVariables,
  { signal, onOpen }: { signal: AbortSignal; onOpen: () => void },
): AsyncGenerator<EventBatch, void> {
  const pause = makeBackoff(200, 2_000);
  let wasFinal = false;
  for (let cursor = after ?? null; ; ) {
    const variables = { id: executionId, first: 100, after: cursor };
    const { execution } = await request(settings, ExecutionHistoryDocument, variables, { signal });
    if (execution === null) throw new WeftNotFoundError('NOT_FOUND', `There is no execution ${executionId}.`);
    onOpen();
    const { nodes, pageInfo } = execution.events;
    cursor = pageInfo.endCursor ?? cursor;
    const events = nodes.filter(
      ({ type, nodeKey }) =>
        (types?.includes(type) ?? true) && (nodeKey === null || (nodeKeys?.includes(nodeKey) ?? true)),
    );
    if (cursor !== null) yield { events, endCursor: cursor, caughtUp: !pageInfo.hasNextPage };
    // The server may have read the status after the events: only a second final status proves that no event is missing.
    if (wasFinal && nodes.length === 0) return;
    wasFinal = isFinal(execution.status);
    if (nodes.length > 0) pause.reset();
    if (!pageInfo.hasNextPage) await delay(pause.next(), signal);
  }
}

function isFinal(status: ExecutionStatus): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED' || status === 'CANCELED';
}
