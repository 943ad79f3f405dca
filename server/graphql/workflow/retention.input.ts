import { Field, Float, InputType, Int } from 'type-graphql';

@InputType({
  description:
    'How long executions of one status are kept; where both are given, what either lets go is deleted.',
})
export class RetentionRuleInput {
  @Field(() => Float, { nullable: true, description: 'For so many days from their end: 1/24 to 36500.' })
  days?: number | null;

  @Field(() => Int, { nullable: true, description: 'As many as these, which began last: 1 to 10000000.' })
  count?: number | null;
}

@InputType({
  description:
    "How long the executions of a workflow are kept once they have ended, by status; what is not given is as the server's settings say.",
})
export class RetentionInput {
  @Field(() => RetentionRuleInput, { nullable: true, description: 'Of those that succeeded.' })
  succeeded?: RetentionRuleInput | null;

  @Field(() => RetentionRuleInput, { nullable: true, description: 'Of those that failed.' })
  failed?: RetentionRuleInput | null;

  @Field(() => RetentionRuleInput, { nullable: true, description: 'Of those that were cancelled.' })
  canceled?: RetentionRuleInput | null;
}
