import {
  ScheduleBackfillDocument,
  type ScheduleBackfillMutation,
  ScheduleCreateDocument,
  type ScheduleCreateInput,
  ScheduleDeleteDocument,
  ScheduleDocument,
  type ScheduleFilter,
  ScheduleFiringsDocument,
  type ScheduleFiringsQuery,
  type ScheduleInput,
  type SchedulePartsFragment,
  SchedulePauseDocument,
  SchedulePreviewDocument,
  ScheduleResumeDocument,
  SchedulesDocument,
  type ScheduleTimingInput,
  ScheduleTriggerDocument,
  ScheduleUpdateDocument,
} from './_generated_operations.ts';
import { makeList } from './collections.ts';
import type { ClientContext } from './context.ts';
import { WeftNotFoundError } from './errors.ts';
import { type Listing, type ListOptions, makeListing } from './listing.ts';
import { type RequestOptions, request } from './request.ts';
import { makeRun, type Run } from './run.ts';
import { unwrapPayload } from './user-errors.ts';

/** What starts executions of a workflow at times. */
export type Schedule = SchedulePartsFragment;
/** A time of a schedule, and what became of it. */
export type ScheduleFiring = NonNullable<ScheduleFiringsQuery['schedule']>['firings']['nodes'][number];
/** The schedule, how many times were `added`, and how many had `alreadyFired`. */
export type ScheduleBackfill = Omit<ScheduleBackfillMutation['scheduleBackfill'], 'userErrors' | 'schedule'>;

/** Each change throws WeftNotFoundError where there is no such schedule, and WeftInputError for what is wrong with it. */
export interface Schedules {
  /** Newest first. */
  list(options?: ListOptions & { filter?: ScheduleFilter }): Listing<Schedule>;
  /** Null where there is none with this id. */
  get(id: string, options?: RequestOptions): Promise<Schedule | null>;
  /** What became of its times, newest first; the last 1000 are kept. */
  firings(id: string, options?: ListOptions): Listing<ScheduleFiring>;
  /** @throws WeftInputError NEVER_FIRES where it has no time from now on */
  create(input: ScheduleCreateInput, options?: RequestOptions): Promise<Schedule>;
  /** Changes the fields that are given; null gives one its default again. */
  update(id: string, input: ScheduleInput, options?: RequestOptions): Promise<Schedule>;
  delete(id: string, options?: RequestOptions): Promise<void>;
  pause(id: string, reason?: string, options?: RequestOptions): Promise<Schedule>;
  /** Goes on from now. */
  resume(id: string, options?: RequestOptions): Promise<Schedule>;
  /** Starts an execution at once, whatever runs. */
  trigger<Output = unknown>(id: string, options?: RequestOptions): Promise<Run<Output>>;
  /** Starts executions for the times of a range in the past that started none. */
  backfill(
    id: string,
    from: Date | string,
    to: Date | string,
    options?: RequestOptions,
  ): Promise<ScheduleBackfill>;
  /** The next times, 5 unless `count` says otherwise, as RFC 3339 text. Creates nothing. */
  preview(
    input: ScheduleTimingInput,
    options?: RequestOptions & { count?: number; after?: Date | string },
  ): Promise<string[]>;
}

export function makeSchedules(context: ClientContext): Schedules {
  const { settings } = context;
  return {
    list: makeList(settings, SchedulesDocument, 'schedules'),
    async get(id, options) {
      return (await request(settings, ScheduleDocument, { id }, options)).schedule;
    },
    firings: (id, options = {}) =>
      makeListing(options, async (page) => {
        const { schedule } = await request(settings, ScheduleFiringsDocument, { id, ...page }, options);
        if (schedule === null) throw new WeftNotFoundError('NOT_FOUND', `There is no schedule ${id}.`);
        return schedule.firings;
      }),
    async create(input, options) {
      const { scheduleCreate } = await request(settings, ScheduleCreateDocument, { input }, options);
      return unwrapPayload(scheduleCreate, 'schedule');
    },
    async update(id, input, options) {
      const { scheduleUpdate } = await request(settings, ScheduleUpdateDocument, { id, input }, options);
      return unwrapPayload(scheduleUpdate, 'schedule');
    },
    async delete(id, options) {
      unwrapPayload(
        (await request(settings, ScheduleDeleteDocument, { id }, options)).scheduleDelete,
        'deletedId',
      );
    },
    async pause(id, reason, options) {
      const { schedulePause } = await request(settings, SchedulePauseDocument, { id, reason }, options);
      return unwrapPayload(schedulePause, 'schedule');
    },
    async resume(id, options) {
      return unwrapPayload(
        (await request(settings, ScheduleResumeDocument, { id }, options)).scheduleResume,
        'schedule',
      );
    },
    async trigger(id, options) {
      const { scheduleTrigger } = await request(settings, ScheduleTriggerDocument, { id }, options);
      return makeRun(context, unwrapPayload(scheduleTrigger, 'execution').id);
    },
    async backfill(id, from, to, options) {
      const range = { from: toText(from), to: toText(to) };
      const { scheduleBackfill } = await request(
        settings,
        ScheduleBackfillDocument,
        { id, ...range },
        options,
      );
      unwrapPayload(scheduleBackfill, 'schedule');
      const { added, alreadyFired } = scheduleBackfill;
      return { added, alreadyFired };
    },
    async preview(input, { count, after, ...options } = {}) {
      const variables = { input, count, after: after === undefined ? after : toText(after) };
      const { schedulePreview } = await request(settings, SchedulePreviewDocument, variables, options);
      return unwrapPayload(schedulePreview, 'times');
    },
  };
}

function toText(moment: Date | string): string {
  return typeof moment === 'string' ? moment : moment.toISOString();
}
