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

/** The next times move on by themselves. */
const REFRESH_MS = 3_000;

/** Newest first, page by page. */
export function useSchedules() {
  const client = useWeft();
  return useInfiniteQuery({
    queryKey: keys.schedules,
    refetchInterval: REFRESH_MS,
    ...pagesOf((place) => client.schedules.list({ pageSize: 50, ...place })),
  });
}

/** What became of the last times of a schedule, newest first. */
export function useScheduleFirings(id: string) {
  const client = useWeft();
  return useQuery({
    queryKey: keys.scheduleFirings(id),
    refetchInterval: REFRESH_MS,
    queryFn: ({ signal }) => client.schedules.firings(id, { signal, pageSize: 20 }).take(20),
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
