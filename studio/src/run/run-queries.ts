import { useQuery } from '@tanstack/react-query';
import { useWeft } from '@weft/client/react';
import { keys } from '../data/keys.ts';
import { useLiveLists } from '../data/live-lists.ts';

/** The execution and the version that it runs, read once: neither changes but for what its events say. */
export function useRunDetails(executionId: string) {
  const client = useWeft();
  return useQuery({
    queryKey: ['run', executionId, 'details'],
    queryFn: ({ signal }) => client.executions.run(executionId).details({ signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Why the run has not begun; read again as others begin and end. */
export function useWaitingFor(executionId: string) {
  const client = useWeft();
  useLiveLists();
  return useQuery({
    queryKey: [...keys.waitingFor, executionId],
    queryFn: ({ signal }) => client.executions.run(executionId).waitingFor({ signal }),
  });
}

/** What the run was started with; read where it is looked at. */
export function useRunInput(executionId: string, isWanted: boolean) {
  const client = useWeft();
  return useQuery({
    queryKey: ['run', executionId, 'input'],
    queryFn: async ({ signal }) => ({ value: await client.executions.run(executionId).input({ signal }) }),
    enabled: isWanted,
    ...largeValues,
  });
}

/** Where in the journal an output stands. */
export interface OutputPlace {
  sequence: number;
  /** Of the event before; null before the first. */
  cursorBefore: string | null;
}

/** The output of one event of the run; null stands for none. */
export function useOutput(executionId: string, place: OutputPlace | null) {
  const client = useWeft();
  return useQuery({
    queryKey: ['run', executionId, 'output', place?.sequence],
    queryFn: async ({ signal }) => {
      const after = place!.cursorBefore;
      const options = { pageSize: 1, signal, ...(after === null ? {} : { after }) };
      const { items } = await client.executions.run(executionId).history(options).page();
      const event = items[0];
      return { value: event !== undefined && 'output' in event ? event.output : undefined };
    },
    enabled: place !== null,
    ...largeValues,
  });
}

/** They never change, may be 16 MiB, and are forgotten soon after nobody looks at them. */
const largeValues = {
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: 30_000,
  structuralSharing: false,
} as const;
