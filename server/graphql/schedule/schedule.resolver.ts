import { Arg, Args, Ctx, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { WeftError } from '../../shared/errors.ts';
import { isId } from '../../shared/ids.ts';
import type { GraphqlContext } from '../context.ts';
import { toExecutionPayload } from '../execution/execution.mapper.ts';
import { toConnection, toPageRequest } from '../relay/connection.ts';
import { PageArgs } from '../relay/page.args.ts';
import { DateTimeScalar } from '../scalars.ts';
import { fetchWorkflow } from '../workflow/workflow.resolver.ts';
import { Workflow } from '../workflow/workflow.type.ts';
import { ScheduleCreateInput, ScheduleInput, SchedulesArgs, ScheduleTimingInput } from './schedule.input.ts';
import { toScheduleChange, toScheduleInput, toSchedulePayload, toTiming } from './schedule.mapper.ts';
import {
  Schedule,
  ScheduleBackfillPayload,
  ScheduleConnection,
  ScheduleDeletePayload,
  type ScheduleFiring,
  ScheduleFiringConnection,
  SchedulePayload,
  SchedulePreview,
  ScheduleTriggerPayload,
} from './schedule.type.ts';

const MAX_TIMES = 100;

@Resolver(() => Schedule)
export class ScheduleResolver {
  @Query(() => ScheduleConnection, { description: 'Schedules, newest first.' })
  async schedules(
    @Args(() => SchedulesArgs) args: SchedulesArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ScheduleConnection> {
    const page = toPageRequest(args, (text) => isId('sch', text));
    return toConnection(
      await weft.schedules.list(page, args.filter ?? {}),
      (schedule) => schedule as Schedule,
      ({ id }) => id,
    );
  }

  @Query(() => Schedule, { nullable: true, description: 'A schedule by its id; null where there is none.' })
  schedule(
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<Schedule | null> {
    return weft.schedules.get(id);
  }

  @Query(() => SchedulePreview, {
    description: 'The next times that a schedule would have, across changes of clocks. Creates nothing.',
  })
  schedulePreview(
    @Arg('input', () => ScheduleTimingInput, { description: 'When it would fire.' })
    input: ScheduleTimingInput,
    @Arg('count', () => Int, { defaultValue: 5, description: `How many times, 1 to ${MAX_TIMES}.` })
    count: number,
    @Arg('after', () => DateTimeScalar, { nullable: true, description: 'Times after it; by default now.' })
    after: Date | null | undefined,
    @Ctx() { weft }: GraphqlContext,
  ): SchedulePreview {
    const outcome = weft.schedules.preview(toTiming(input), checkCount(count), after ?? new Date());
    return outcome.ok
      ? { times: outcome.value, userErrors: [] }
      : { times: [], userErrors: outcome.userErrors };
  }

  @Mutation(() => SchedulePayload, { description: 'Starts executions of a workflow at times, from now on.' })
  async scheduleCreate(
    @Arg('input', () => ScheduleCreateInput, { description: 'The schedule.' }) input: ScheduleCreateInput,
    @Ctx() { weft, caller }: GraphqlContext,
  ): Promise<SchedulePayload> {
    return toSchedulePayload(await weft.schedules.create(input, toScheduleInput(input), caller.principal.id));
  }

  @Mutation(() => SchedulePayload, {
    description:
      'Changes the fields that are given, null to give one its default again. Goes on from now; what waits to be started stays.',
  })
  async scheduleUpdate(
    @Arg('id', () => ID, { description: 'The schedule.' }) id: string,
    @Arg('input', () => ScheduleInput, { description: 'What changes.' }) input: ScheduleInput,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<SchedulePayload> {
    return toSchedulePayload(await weft.schedules.update(id, toScheduleChange(input)));
  }

  @Mutation(() => ScheduleDeletePayload, {
    description: 'Deletes a schedule. Executions that it started stay, and go on.',
  })
  async scheduleDelete(
    @Arg('id', () => ID, { description: 'The schedule.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ScheduleDeletePayload> {
    const outcome = await weft.schedules.delete(id);
    return outcome.ok
      ? { deletedId: id, userErrors: [] }
      : { deletedId: null, userErrors: outcome.userErrors };
  }

  @Mutation(() => SchedulePayload, { description: 'Stops a schedule from firing until it is resumed.' })
  async schedulePause(
    @Arg('id', () => ID, { description: 'The schedule.' }) id: string,
    @Arg('reason', () => String, { nullable: true, description: 'Why, at most 1000 characters.' })
    reason: string | null | undefined,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<SchedulePayload> {
    return toSchedulePayload(await weft.schedules.pause(id, reason ?? null));
  }

  @Mutation(() => SchedulePayload, {
    description:
      'Lets a paused schedule fire again, from now on: what it missed meanwhile is not made up for.',
  })
  async scheduleResume(
    @Arg('id', () => ID, { description: 'The schedule.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<SchedulePayload> {
    return toSchedulePayload(await weft.schedules.resume(id));
  }

  @Mutation(() => ScheduleTriggerPayload, {
    description: 'Starts an execution of a schedule at once, whatever runs and whether it is paused.',
  })
  async scheduleTrigger(
    @Arg('id', () => ID, { description: 'The schedule.' }) id: string,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ScheduleTriggerPayload> {
    return toExecutionPayload(await weft.schedules.trigger(id));
  }

  @Mutation(() => ScheduleBackfillPayload, {
    description:
      'Starts executions for the times of a range in the past that started none, at most 1000: one after the other, or together where `overlap` is ALLOW.',
  })
  async scheduleBackfill(
    @Arg('id', () => ID, { description: 'The schedule.' }) id: string,
    @Arg('from', () => DateTimeScalar, { description: 'The first moment of the range.' }) from: Date,
    @Arg('to', () => DateTimeScalar, { description: 'Its last moment, not in the future.' }) to: Date,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ScheduleBackfillPayload> {
    const outcome = await weft.schedules.backfill(id, from, to);
    return outcome.ok
      ? { ...outcome.value, userErrors: [] }
      : { schedule: null, added: 0, alreadyFired: 0, userErrors: outcome.userErrors };
  }

  @FieldResolver(() => Workflow, { nullable: true, description: 'The workflow; null where it was deleted.' })
  workflow(@Root() { workflowId }: Schedule, @Ctx() context: GraphqlContext): Promise<Workflow | null> {
    return fetchWorkflow(workflowId, context);
  }

  @FieldResolver(() => [DateTimeScalar], {
    description: 'The next times that it has while it is not paused, without its jitter.',
  })
  nextTimes(
    @Root() schedule: Schedule,
    @Arg('count', () => Int, { defaultValue: 5, description: `How many, 1 to ${MAX_TIMES}.` }) count: number,
    @Arg('after', () => DateTimeScalar, { nullable: true, description: 'Times after it; by default now.' })
    after: Date | null | undefined,
    @Ctx() { weft }: GraphqlContext,
  ): Date[] {
    return weft.schedules.nextTimes(schedule as never, checkCount(count), after ?? new Date());
  }

  @FieldResolver(() => ScheduleFiringConnection, {
    description: 'What became of its times, newest first; the last 1000 are kept.',
  })
  async firings(
    @Root() { id }: Schedule,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() { weft }: GraphqlContext,
  ): Promise<ScheduleFiringConnection> {
    const page = toPageRequest(args, (text) => !Number.isNaN(Date.parse(text)));
    return toConnection(
      await weft.schedules.firings(id, page),
      (firing) => firing as ScheduleFiring,
      ({ scheduledAt }) => scheduledAt.toISOString(),
    );
  }
}

function checkCount(count: number): number {
  if (count >= 1 && count <= MAX_TIMES) return count;
  throw new WeftError('BAD_USER_INPUT', `Expected \`count\` to be from 1 to ${MAX_TIMES}, got ${count}.`);
}
