import { Field, ID, Int, InterfaceType, ObjectType } from 'type-graphql';
import { WaitReason } from '../execution/execution.enums.ts';
import { NodeError } from '../execution/node-error.type.ts';
import { connectionOf } from '../relay/connection.ts';
import { DateTimeScalar, JsonScalar } from '../scalars.ts';

@InterfaceType({
  description:
    'One thing that happened in an execution. The events of an execution are its whole history: numbered without gaps, in order, and the same for every reader, live or later.',
})
export abstract class ExecutionEvent {
  @Field(() => Int, {
    description: "The event's number in the history of the execution: 1, 2, 3 … without gaps.",
  })
  sequence!: number;

  @Field(() => String, {
    description: 'Opaque. Pass the cursor as `after` to continue right after this event.',
  })
  cursor!: string;

  @Field(() => DateTimeScalar, { description: 'When the event happened, by the clock of the worker.' })
  occurredAt!: Date;

  @Field(() => String, {
    nullable: true,
    description: 'The node of the event; null for an event of the execution as a whole.',
  })
  nodeKey!: string | null;

  @Field(() => Int, { nullable: true, description: 'The attempt of the event, from 1.' })
  attempt!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The index of the item, from 0, of a node that runs `forEach`.',
  })
  item!: number | null;
}

/** An event class: its fields are resolved by graphql-js itself, since a subscriber reads them by the hundred thousand. */
export function EventType(description: string): ClassDecorator {
  return ObjectType({ simpleResolvers: true, implements: ExecutionEvent, description });
}

@EventType('Always the first event: the execution was requested.')
export class ExecutionQueued extends ExecutionEvent {}

@EventType('A worker has begun the execution.')
export class ExecutionStarted extends ExecutionEvent {}

@EventType('Nothing of the execution runs any more until its wait ends; no worker has it meanwhile.')
export class ExecutionWaiting extends ExecutionEvent {
  @Field(() => WaitReason, { description: 'What is waited for; of several waits the one that ends first.' })
  reason!: keyof typeof WaitReason;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When that wait ends by itself; null where only something from outside ends it.',
  })
  until!: string | null;
}

@EventType('A worker goes on with the execution after a wait.')
export class ExecutionResumed extends ExecutionEvent {}

@EventType('The last event of an execution that succeeded.')
export class ExecutionSucceeded extends ExecutionEvent {
  @Field(() => JsonScalar, { nullable: true, description: 'The result of its output nodes.' })
  output!: unknown;
}

@EventType('The last event of an execution that failed.')
export class ExecutionFailed extends ExecutionEvent {
  @Field(() => NodeError, { description: 'Why it failed.' })
  error!: NodeError;
}

@EventType('The last event of an execution that was cancelled.')
export class ExecutionCanceled extends ExecutionEvent {
  @Field(() => ID, {
    nullable: true,
    description:
      'The execution that took its place, where the workflow replaces executions (`concurrency.whenFull`).',
  })
  replacedBy!: string | null;
}

@ObjectType({ simpleResolvers: true, description: 'Some events in order, and how far they reach.' })
export class ExecutionEventBatch {
  @Field(() => [ExecutionEvent], { description: 'Empty where the filter let nothing through.' })
  events!: ExecutionEvent[];

  @Field(() => String, {
    description:
      'Opaque. Pass the cursor as `after` when you subscribe again: the stream continues without gap or duplicate.',
  })
  endCursor!: string;

  @Field(() => Boolean, {
    description: 'Whether the history held nothing more at that moment: what follows is live.',
  })
  caughtUp!: boolean;
}

export const ExecutionEventConnection = connectionOf<ExecutionEvent>('ExecutionEvent', () => ExecutionEvent);
export type ExecutionEventConnection = InstanceType<typeof ExecutionEventConnection>;
