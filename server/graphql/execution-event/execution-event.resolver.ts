import { Args, Resolver, Root, Subscription } from 'type-graphql';
import * as z from 'zod';
import { eventTypes } from '../../journal/event.ts';
import { mapIterator } from '../../shared/map-iterator.ts';
import type { GraphqlContext } from '../context.ts';
import { ExecutionEventsArgs } from './execution-event.input.ts';
import { toEventBatch } from './execution-event.mapper.ts';
import { ExecutionEventBatch } from './execution-event.type.ts';

const EventsArgs = z.object({
  executionId: z.string(),
  after: z.string().nullable().default(null),
  types: z.array(z.enum(eventTypes)).nullable().default(null),
  nodeKeys: z.array(z.string()).nullable().default(null),
});

@Resolver()
export class ExecutionEventResolver {
  @Subscription(() => ExecutionEventBatch, {
    description:
      "An execution's events from a place in its history, then live, up to its last; then the subscription completes. A client that connects before, during or long after the run sees the same events in the same order. Events come in batches, at the client's own speed. Errors: `NOT_FOUND`, `INVALID_CURSOR`.",
    subscribe: ({ args, context }: { args: unknown; context: GraphqlContext }) => {
      const { executionId, ...options } = EventsArgs.parse(args);
      return mapIterator(
        context.weft.executions.follow(executionId, options, context.acquire),
        (batch): Payload => ({ executionEvents: toEventBatch(executionId, batch) }),
      );
    },
  })
  executionEvents(
    @Root() payload: Payload,
    @Args(() => ExecutionEventsArgs) _args: ExecutionEventsArgs,
  ): ExecutionEventBatch {
    return payload.executionEvents;
  }
}

/** Holds the value under the name of its field, so that it is read without a resolver (`build-schema.ts`). */
interface Payload {
  executionEvents: ExecutionEventBatch;
}
