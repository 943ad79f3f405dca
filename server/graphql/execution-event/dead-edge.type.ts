import { Field, ObjectType } from 'type-graphql';
import { DeadEdgeReason } from './execution-event.enums.ts';

@ObjectType({ simpleResolvers: true, description: 'An edge that gave its target nothing, and why.' })
export class DeadEdge {
  @Field(() => String, { description: 'The key of the node where the edge begins.' })
  source!: string;

  @Field(() => String, { description: 'The output handle where the edge begins.' })
  sourceHandle!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The input that the edge leads to, where it names one.',
  })
  targetHandle!: string | null;

  @Field(() => DeadEdgeReason, { description: 'Why nothing came.' })
  reason!: keyof typeof DeadEdgeReason;

  @Field(() => String, {
    nullable: true,
    description: 'The handle that the source emitted on; null where it did not succeed.',
  })
  emitted!: string | null;
}
