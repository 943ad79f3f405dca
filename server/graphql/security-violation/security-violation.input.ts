import { ArgsType, Field, ID, InputType } from 'type-graphql';
import { ViolationLayer, ViolationSeverity } from '../execution-event/execution-event.enums.ts';
import { PageArgs } from '../relay/page.args.ts';
import { DateTimeScalar } from '../scalars.ts';

@InputType({ description: 'Which violations to list. Each field narrows the list.' })
export class SecurityViolationFilter {
  @Field(() => ID, { nullable: true, description: 'Of executions of this workflow.' })
  workflowId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Of this execution.' })
  executionId?: string | null;

  @Field(() => String, { nullable: true, description: 'Against this rule, such as `blocked-module`.' })
  rule?: string | null;

  @Field(() => ViolationLayer, { nullable: true, description: 'Stopped by this wall.' })
  layer?: keyof typeof ViolationLayer | null;

  @Field(() => ViolationSeverity, { nullable: true, description: 'Of this severity.' })
  severity?: keyof typeof ViolationSeverity | null;

  @Field(() => ViolationSeverity, { nullable: true, description: 'Of this severity or a higher one.' })
  minSeverity?: keyof typeof ViolationSeverity | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'At this moment or later.' })
  occurredFrom?: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Before this moment.' })
  occurredBefore?: Date | null;
}

@ArgsType()
export class SecurityViolationsArgs extends PageArgs {
  @Field(() => SecurityViolationFilter, {
    nullable: true,
    description: 'Which violations to list; by default all.',
  })
  filter?: SecurityViolationFilter | null;
}
