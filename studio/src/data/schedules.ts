import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import type {
  Schedule,
  ScheduleCreateInput,
  ScheduleInput,
  ScheduleTimingInput,
  WeftClient,
} from '@weft/client';
import { useWeft } from '@weft/client/react';
import { keys } from './keys.ts';
import { pagesOf } from './pages.ts';

/** A schedule fires within a second or so of its time. */
const LATENESS_MS = 1_500;

/** When something has changed by itself: just after the next time of a schedule; never while none has one. */
function untilNextTime(schedules: readonly Schedule[]): number | false {
  const next = Math.min(...schedules.map(({ nextAt }) => (nextAt === null ? Infinity : Date.parse(nextAt))));
  return Number.isFinite(next) ? Math.min(Math.max(next - Date.now(), 0) + LATENESS_MS, MAX_TIMER_MS) : false;
}
/** A timer holds no more. */
const MAX_TIMER_MS = 2_147_483_647;

/** Newest first, page by page; read again when the next time of one has come. */
export function useSchedules() {
  const client = useWeft();
  return useInfiniteQuery({
    queryKey: keys.schedules,
    refetchInterval: ({ state }) => untilNextTime(state.data?.pages.flatMap(({ items }) => items) ?? []),
    ...pagesOf((place) => client.schedules.list({ pageSize: 50, ...place })),
  });
}

/** The one that a link names; null where there is none. */
export function useSchedule(id: string | null) {
  const client = useWeft();
  return useQuery({
    queryKey: keys.schedule(id ?? ''),
    enabled: id !== null,
    queryFn: ({ signal }) => client.schedules.get(id!, { signal }),
  });
}

/** What became of the last times of a schedule, newest first. */
export function useScheduleFirings(schedule: Schedule) {
  const client = useWeft();
  return useQuery({
    queryKey: keys.scheduleFirings(schedule.id),
    refetchInterval: () => untilNextTime([schedule]),
    queryFn: ({ signal }) => client.schedules.firings(schedule.id, { signal, pageSize: 20 }).take(20),
  });
}

/** The next times of a schedule that is being written. A WeftInputError says what is wrong with it. */
export function useSchedulePreview(timing: ScheduleTimingInput) {
  const client = useWeft();
  return useQuery({
    queryKey: keys.schedulePreview(timing),
    queryFn: ({ signal }) => client.schedules.preview(timing, { signal, count: 5 }),
    placeholderData: keepPreviousData,
    staleTime: 0,
    retry: false,
  });
}

/** Creates a schedule, or changes the one with this id. */
export function useSaveSchedule(id: string | null) {
  return useScheduleChange<ScheduleCreateInput, Schedule>((client, { workflowId, ...input }) =>
    id === null
      ? client.schedules.create({ workflowId, ...input })
      : client.schedules.update(id, input satisfies ScheduleInput),
  );
}

/** Any other change of schedules; the lists are read again after it. */
export function useScheduleChange<Input, Result>(
  change: (client: WeftClient, input: Input) => Promise<Result>,
) {
  const client = useWeft();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (input: Input) => change(client, input),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.schedules }),
  });
}
