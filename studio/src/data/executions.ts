import { keepPreviousData, useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { type ExecutionFilter, type StartInput, WeftInputError } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { keys } from './keys.ts';
import { useLiveLists } from './live-lists.ts';
import { pagesOf } from './pages.ts';

/** Executions as lists show them, newest first, page by page; they stay current, and new ones come in at the top. */
export function useExecutions(filter: ExecutionFilter = {}) {
  const client = useWeft();
  useLiveLists();
  return useInfiniteQuery({
    queryKey: keys.executions(filter),
    placeholderData: keepPreviousData,
    ...pagesOf((place) => client.executions.summaries({ filter, pageSize: 100, ...place })),
  });
}

/** Starts a workflow; gives the run. A WeftInputError says what is wrong with the input. */
export function useStartExecution() {
  const client = useWeft();
  return useMutation({ mutationFn: (input: StartInput) => client.executions.start(input) });
}

/** What went wrong with a start, in one line. */
export function messageOf(error: Error | null): string | undefined {
  if (error instanceof WeftInputError) return error.userErrors.map(({ message }) => message).join(' ');
  return error?.message;
}
