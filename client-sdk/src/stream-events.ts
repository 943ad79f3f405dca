import { ExecutionEventsDocument, type ExecutionEventType } from './_generated_operations.ts';
import type { ClientContext } from './context.ts';
import { type EventOf, isTerminal, terminalTypes } from './event.ts';
import { type LiveStream, openLiveStream } from './live-stream.ts';
import { pollEvents } from './transport/poll.ts';

export interface EventsOptions<Type extends ExecutionEventType = ExecutionEventType> {
  /** The `cursor` of an event: the stream begins just after that event. The first event unless given. */
  after?: string | undefined;
  /** Only events of these types. */
  types?: readonly Type[] | undefined;
  /** Only events of these nodes, and events of the execution as a whole. */
  nodeKeys?: readonly string[] | undefined;
  /** Ends the stream, which then throws the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * An execution's events in order, each once, past and live, up to the last. Each time the connection breaks, the stream
 * goes on after the last event that it has yielded.
 */
export function streamEvents<Type extends ExecutionEventType>(
  context: ClientContext,
  executionId: () => Promise<string>,
  options: EventsOptions<Type> = {},
): LiveStream<EventOf<Type>> {
  const { types, nodeKeys, signal } = options;
  const filter = { types: withTerminal(types), nodeKeys: nodeKeys && [...nodeKeys] };
  let { after } = options;

  return openLiveStream(context, 'ExecutionEvents', signal, async function* (connect) {
    const batches = connect({
      document: ExecutionEventsDocument,
      variables: async () => ({ executionId: await executionId(), after, ...filter }),
      poll: (variables, handlers) => pollEvents(context.settings, variables, handlers),
      select: ({ executionEvents }) => executionEvents,
      countEvents: ({ events }) => events.length,
      endsWhenEmpty: true,
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

/** Terminal events are always requested: only they distinguish a stream that has ended from one that broke. */
function withTerminal(types: readonly ExecutionEventType[] | undefined): ExecutionEventType[] | undefined {
  return types && [...new Set([...types, ...terminalTypes])];
}
