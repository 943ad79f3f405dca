import { Field, ID, ObjectType } from 'type-graphql';

@ObjectType({
  simpleResolvers: true,
  description:
    'Where the output of a node is from that was pinned: `pinned` and `pinnedFrom` of `executionStart`.',
})
export class PinnedFrom {
  @Field(() => ID, {
    nullable: true,
    description: 'The execution that had it; null where whoever started this execution gave it.',
  })
  executionId!: string | null;
}
