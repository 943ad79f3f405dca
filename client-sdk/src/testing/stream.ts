import type { ExecutionEventsSubscriptionVariables } from '../_generated_operations.ts';
import { WeftNotFoundError, WeftRequestError } from '../errors.ts';
import type { ExecutionEvent } from '../event.ts';
import { operationName } from '../transport/http.ts';
import type { Transport } from '../transport/transport.ts';
import { abortable } from '../waiting.ts';
import type { Timeline } from './timeline.ts';

/** Emits the events of a recording as the server's subscription would. */
export function openReplayTransport(executionId: string, timeline: Timeline): Transport {
  return {
    async *subscribe<Result, Variables>(
      document: string,
      variables: Variables,
      { signal, onOpen }: { signal: AbortSignal; onOpen(): void },
    ) {
      if (operationName(document) !== 'ExecutionEvents') throw notInReplay(operationName(document));
      const wanted = variables as ExecutionEventsSubscriptionVariables;
      if (wanted.executionId !== executionId) throw unknownExecution(String(wanted.executionId), executionId);
      let wake = () => {};
      const release = timeline.listen(() => wake());
      try {
        onOpen();
        for (let index = indexAfter(wanted.after); ; ) {
          const happened = timeline.from(index);
          index += happened.length;
          const events = happened.filter((event) => isWanted(event, wanted));
          const batch = { events, endCursor: `${executionId}:${index}`, caughtUp: true };
          if (happened.length > 0) yield { executionEvents: batch } as Result;
          else if (timeline.isOver) return;
          else await abortable(new Promise<void>((resolve) => (wake = resolve)), signal);
        }
      } finally {
        release();
      }
    },
  };
}

export function notInReplay(operation: string): WeftRequestError {
  return new WeftRequestError(
    'NOT_IN_REPLAY',
    `Expected a request that the recording of one execution can answer, got ${operation}. Use a real server for it.`,
  );
}

export function unknownExecution(id: string, executionId: string): WeftNotFoundError {
  return new WeftNotFoundError(
    'NOT_FOUND',
    `There is no execution ${id}: this is a replay of ${executionId}.`,
  );
}

/** The index of the first event after the cursor. */
function indexAfter(cursor: string | null | undefined): number {
  return cursor == null ? 0 : Number(cursor.slice(cursor.lastIndexOf(':') + 1));
}

function isWanted(
  { type, nodeKey }: ExecutionEvent,
  { types, nodeKeys }: ExecutionEventsSubscriptionVariables,
): boolean {
  const isOfNode = nodeKeys == null || nodeKey === null || [nodeKeys].flat().includes(nodeKey);
  return isOfNode && (types == null || [types].flat().includes(type));
}
