import { ArgsType, Field, Float, ID, InputType, Int } from 'type-graphql';
import type { OverlapPolicy } from '../../use-cases/triggers/schedule.ts';
import { PageArgs } from '../relay/page.args.ts';
import { DateTimeScalar, JsonScalar } from '../scalars.ts';
import { ScheduleOverlap } from './schedule.enums.ts';

@InputType({ description: 'When a schedule fires. Either `cron` or `intervalMs` is needed.' })
export class ScheduleTimingInput {
  @Field(() => String, {
    nullable: true,
    description:
      'A cron expression: minute, hour, day of the month, month, day of the week, such as `0 9 * * MON-FRI`; with a sixth field for seconds before them.',
  })
  cron?: string | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Milliseconds from one time to the next, at least 1000.',
  })
  intervalMs?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'The IANA time zone of `cron` and `exclude`, such as Europe/Berlin; by default UTC.',
  })
  timezone?: string | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'No time before it; intervals count from it.' })
  startsAt?: Date | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'No time after it.' })
  endsAt?: Date | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Cron expressions of times to leave out, at most 20: `* * 25 12 *` is all of Christmas Day.',
  })
  exclude?: string[] | null;
}

@InputType({ description: 'How a schedule starts executions. A field that is left out has its default.' })
export class ScheduleInput extends ScheduleTimingInput {
  @Field(() => String, {
    nullable: true,
    description: 'A name for people, 1 to 200 characters; by default `Schedule`.',
  })
  name?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The version to run; by default the latest at each time.',
  })
  versionNumber?: number | null;

  @Field(() => JsonScalar, {
    nullable: true,
    description:
      "The input of each execution; must fit the workflow's `inputSchema`. Its strings may hold templates over `scheduledAt` and `schedule { id name }`.",
  })
  input?: unknown;

  @Field(() => Int, {
    nullable: true,
    description: 'Each time fires up to so many milliseconds later, spread evenly; by default 0.',
  })
  jitterMs?: number | null;

  @Field(() => ScheduleOverlap, { nullable: true, description: 'By default SKIP.' })
  overlap?: OverlapPolicy | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'How long ago a time may be, milliseconds, that fired late because no worker ran; by default 600000, ten minutes. Earlier ones are MISSED.',
  })
  catchupWindowMs?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Pauses the schedule when so many of its executions in a row have FAILED; by default never.',
  })
  pauseAfterFailures?: number | null;
}

@InputType({ description: 'A new schedule.' })
export class ScheduleCreateInput extends ScheduleInput {
  @Field(() => ID, { nullable: true, description: 'The workflow to run; or name it by its `workflowKey`.' })
  workflowId?: string | null;

  @Field(() => String, { nullable: true, description: 'The key of the workflow to run.' })
  workflowKey?: string | null;
}

@InputType({ description: 'Which schedules to list. Each field narrows the list.' })
export class ScheduleFilter {
  @Field(() => ID, { nullable: true, description: 'Those of this workflow.' })
  workflowId?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Those that are paused, or those that are not.' })
  isPaused?: boolean | null;
}

@ArgsType()
export class SchedulesArgs extends PageArgs {
  @Field(() => ScheduleFilter, { nullable: true, description: 'Which schedules to list; by default all.' })
  filter?: ScheduleFilter | null;
}
