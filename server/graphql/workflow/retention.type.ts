import { Field, Float, Int, ObjectType } from 'type-graphql';

@ObjectType({ simpleResolvers: true, description: 'How long executions of one status are kept.' })
export class RetentionRule {
  @Field(() => Float, { nullable: true, description: 'Days from their end; null for no limit.' })
  days!: number | null;

  @Field(() => Int, { nullable: true, description: 'As many as these, which began last; null for no limit.' })
  count!: number | null;
}

@ObjectType({
  simpleResolvers: true,
  description:
    "How long the executions of a workflow are kept once they have ended; null for what the server's settings say.",
})
export class Retention {
  @Field(() => RetentionRule, { nullable: true, description: 'Of those that succeeded.' })
  succeeded!: RetentionRule | null;

  @Field(() => RetentionRule, { nullable: true, description: 'Of those that failed.' })
  failed!: RetentionRule | null;

  @Field(() => RetentionRule, { nullable: true, description: 'Of those that were cancelled.' })
  canceled!: RetentionRule | null;
}
