import { ArgsType, Field, ID } from 'type-graphql';
import type { EventType } from '../../journal/event.ts';
import { ExecutionEventType } from './execution-event.enums.ts';

@ArgsType()
export class ExecutionEventsArgs {
  @Field(() => ID, { description: 'The execution to follow.' })
  executionId!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'A `cursor` or `endCursor` of the same execution: the stream begins right after that event. Without `after` the stream begins at the first event.',
  })
  after?: string | null;

  @Field(() => [ExecutionEventType], { nullable: true, description: 'Only events of these types.' })
  types?: EventType[] | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Only events of these nodes, and those of the execution as a whole.',
  })
  nodeKeys?: string[] | null;
}
