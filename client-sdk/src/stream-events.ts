import { ExecutionEventsDocument, type ExecutionEventType } from './_generated_operations.ts';
import { type EventOf, isTerminal, terminalTypes } from './event.ts';
import { followed, type Live, type LiveStream } from './live.ts';
import { pollEvents } from './transport/poll.ts';

export interface EventsOptions<Type extends ExecutionEventType = ExecutionEventType> {
  /** The `cursor` of an event: the stream begins just behind it. From the first event where none is given. */
  after?: string | undefined;
  /** Only events of these types. */
  types?: readonly Type[] | undefined;
  /** Only events of these nodes, and those of the execution as a whole. */
  nodeKeys?: readonly string[] | undefined;
  /** Ends the stream, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * An execution's events in order, each once, past and live, up to its last. However often the way to the server
 * breaks, the stream goes on behind the last event it has seen.
 */
export function streamEvents<Type extends ExecutionEventType>(
  live: Live,
  executionId: () => Promise<string>,
  options: EventsOptions<Type> = {},
): LiveStream<EventOf<Type>> {
  const { types, nodeKeys, signal } = options;
  const filter = { types: withTerminal(types), nodeKeys: nodeKeys && [...nodeKeys] };
  let { after } = options;

  return followed(live, 'ExecutionEvents', signal, async function* (connect) {
    const batches = connect({
      document: ExecutionEventsDocument,
      variables: async () => ({ executionId: await executionId(), after, ...filter }),
      poll: (place, handlers) => pollEvents(live.settings, place, handlers),
      pick: ({ executionEvents }) => executionEvents,
      weigh: ({ events }) => events.length,
      mayEnd: true,
    });
    let lastSequence = 0;
    for await (const { events, endCursor } of batches) {
      for (const event of events) {
        if (event.sequence <= lastSequence) continue;
        lastSequence = event.sequence;
        if (types === undefined || types.includes(event.type as Type)) yield event as EventOf<Type>;
        if (isTerminal(event)) return;
      }
      after = endCursor;
    }
  });
}

/** The last event is always asked for, since it alone tells that a stream has ended and not broken. */
function withTerminal(types: readonly ExecutionEventType[] | undefined): ExecutionEventType[] | undefined {
  return types && [...new Set([...types, ...terminalTypes])];
}
