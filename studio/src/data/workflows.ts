import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import type { WorkflowInput } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { keys } from './keys.ts';
import { useLiveLists } from './live-lists.ts';
import { pagesOf } from './pages.ts';

/** Workflows with their last runs, newest first, page by page; the runs' states stay current. */
export function useWorkflows(search: string) {
  const client = useWeft();
  const filter = search === '' ? {} : { search };
  useLiveLists();
  return useInfiniteQuery({
    queryKey: keys.workflows(filter),
    placeholderData: keepPreviousData,
    ...pagesOf((place) => client.workflows.listWithLastRun({ filter, pageSize: 50, ...place })),
  });
}

/** One workflow with its latest version; null where there is none. */
export function useWorkflow(id: string) {
  const client = useWeft();
  return useQuery({
    queryKey: keys.workflow(id),
    queryFn: ({ signal }) => client.workflows.get(id, { signal }),
  });
}

export function useCreateWorkflow() {
  const client = useWeft();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (input: WorkflowInput) => client.workflows.create(input),
    onSuccess: (workflow) => {
      queries.setQueryData(keys.workflow(workflow.id), workflow);
      return queries.invalidateQueries({ queryKey: keys.workflows() });
    },
  });
}

/** Gives a workflow another key. A WeftInputError says why it cannot have it. */
export function useRenameWorkflow() {
  const client = useWeft();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, key }: { id: string; key: string }) => client.workflows.rename(id, key),
    onSuccess: (workflow) => {
      queries.setQueryData(keys.workflow(workflow.id), workflow);
      return queries.invalidateQueries({ queryKey: keys.workflows() });
    },
  });
}

export function useDeleteWorkflow() {
  const client = useWeft();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => client.workflows.delete(id),
    onSuccess: (_, id) => {
      queries.removeQueries({ queryKey: keys.workflow(id) });
      return queries.invalidateQueries({ queryKey: keys.workflows() });
    },
  });
}
