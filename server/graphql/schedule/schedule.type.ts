import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type { FiringOutcome, OverlapPolicy } from '../../use-cases/triggers/schedule.ts';
import { Execution } from '../execution/execution.type.ts';
import { connectionOf } from '../relay/connection.ts';
import { NodeInterface } from '../relay/node.type.ts';
import { DateTimeScalar, JsonScalar } from '../scalars.ts';
import { Payload, UserError } from '../user-error/user-error.type.ts';
import { ScheduleFiringOutcome, ScheduleOverlap } from './schedule.enums.ts';

@ObjectType({
  simpleResolvers: true,
  implements: NodeInterface,
  description: 'Starts executions of a workflow at times.',
})
export class Schedule extends NodeInterface {
  @Field(() => String, { description: 'A name for people.' })
  name!: string;

  @Field(() => Int, { nullable: true, description: 'The version that it runs; null for the latest.' })
  versionNumber!: number | null;

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'The input of each execution, with its templates.',
  })
  input!: unknown;

  @Field(() => String, { nullable: true, description: 'The cron expression; null where it has an interval.' })
  cron!: string | null;

  @Field(() => Float, {
    nullable: true,
    description: 'The interval, milliseconds; null where it has `cron`.',
  })
  intervalMs!: number | null;

  @Field(() => String, { description: 'The time zone of `cron` and `exclude`.' })
  timezone!: string;

  @Field(() => DateTimeScalar, { nullable: true, description: 'No time before it.' })
  startsAt!: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'No time after it.' })
  endsAt!: Date | null;

  @Field(() => [String], { description: 'Cron expressions of times that are left out.' })
  exclude!: string[];

  @Field(() => Int, { description: 'Each time fires up to so many milliseconds later.' })
  jitterMs!: number;

  @Field(() => ScheduleOverlap, { description: 'What happens while an execution has not ended.' })
  overlap!: OverlapPolicy;

  @Field(() => Float, { description: 'How long ago a time may be that fires late, milliseconds.' })
  catchupWindowMs!: number;

  @Field(() => Int, {
    nullable: true,
    description: 'It pauses when so many executions in a row have FAILED; null for never.',
  })
  pauseAfterFailures!: number | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Since when it is paused; null while it fires.',
  })
  pausedAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why it is paused, where somebody or the server said so.',
  })
  pauseReason!: string | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Its next time; null while it is paused, and where no time is left.',
  })
  nextAt!: Date | null;

  @Field(() => Int, { description: 'How many starts wait for an execution to end.' })
  buffered!: number;

  @Field(() => DateTimeScalar, { description: 'When it was created.' })
  createdAt!: Date;

  @Field(() => DateTimeScalar, { description: 'When it was changed last.' })
  updatedAt!: Date;

  /** For the relation; not part of the schema. */
  workflowId!: string;
}

@ObjectType({ simpleResolvers: true, description: 'A time of a schedule, and what became of it.' })
export class ScheduleFiring {
  @Field(() => DateTimeScalar, { description: 'The time.' })
  scheduledAt!: Date;

  @Field(() => DateTimeScalar, { description: 'When the schedule fired for it.' })
  firedAt!: Date;

  @Field(() => ScheduleFiringOutcome, { description: 'What became of it.' })
  outcome!: FiringOutcome;

  @Field(() => String, { nullable: true, description: 'Why nothing started, where nothing did.' })
  reason!: string | null;

  /** For the relation; not part of the schema. */
  executionId!: string | null;
}

export const ScheduleConnection = connectionOf<Schedule>('Schedule', () => Schedule);
export type ScheduleConnection = InstanceType<typeof ScheduleConnection>;

export const ScheduleFiringConnection = connectionOf<ScheduleFiring>('ScheduleFiring', () => ScheduleFiring);
export type ScheduleFiringConnection = InstanceType<typeof ScheduleFiringConnection>;

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What changes of a schedule answer.' })
export class SchedulePayload extends Payload {
  @Field(() => Schedule, { nullable: true, description: 'The schedule; null where there are userErrors.' })
  schedule!: Schedule | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What `scheduleDelete` answers.' })
export class ScheduleDeletePayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'The id; null where there are userErrors.' })
  deletedId!: string | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What `scheduleTrigger` answers.' })
export class ScheduleTriggerPayload extends Payload {
  @Field(() => Execution, { nullable: true, description: 'The execution; null where there are userErrors.' })
  execution!: Execution | null;
}

@ObjectType({ simpleResolvers: true, implements: Payload, description: 'What `scheduleBackfill` answers.' })
export class ScheduleBackfillPayload extends Payload {
  @Field(() => Schedule, { nullable: true, description: 'The schedule; null where there are userErrors.' })
  schedule!: Schedule | null;

  @Field(() => Int, { description: 'How many times of the range start an execution.' })
  added!: number;

  @Field(() => Int, { description: 'How many had started one before, or wait to.' })
  alreadyFired!: number;
}

@ObjectType({ simpleResolvers: true, description: 'The times that a schedule would have.' })
export class SchedulePreview {
  @Field(() => [DateTimeScalar], { description: 'The times, in order; empty where there are userErrors.' })
  times!: Date[];

  @Field(() => [UserError], { description: 'What is wrong with the input; else empty.' })
  userErrors!: UserError[];
}
