import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import type { AuditFilter, WeftClient } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { keys } from './keys.ts';
import { pagesOf } from './pages.ts';

/** Who uses the console, and what they may do. */
export function useViewer() {
  const client = useWeft();
  return useQuery({ queryKey: keys.viewer, queryFn: ({ signal }) => client.viewer({ signal }) });
}

/** Those of programs and people, newest first, page by page; what was minted for pages is not shown. */
export function useTokens() {
  const client = useWeft();
  return useInfiniteQuery({
    queryKey: keys.tokens,
    retry: false,
    ...pagesOf((place) => client.tokens.list({ filter: { kind: 'SERVICE' }, pageSize: 50, ...place })),
  });
}

/** Those that one may act in, by key, up to a hundred. */
export function useProjects() {
  const client = useWeft();
  return useQuery({
    queryKey: keys.projects,
    retry: false,
    queryFn: ({ signal }) => client.projects.list({ signal, pageSize: 100 }).take(100),
  });
}

/** The list is read again after the change. */
export function useProjectChange<Result>(change: (client: WeftClient) => Promise<Result>) {
  const client = useWeft();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => change(client),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.projects }),
  });
}

/** By name, without their values. */
export function useSecrets() {
  const client = useWeft();
  return useQuery({
    queryKey: keys.secrets,
    retry: false,
    queryFn: ({ signal }) => client.secrets.list({ signal }),
  });
}

/** The list is read again after the change. */
export function useSecretChange(change: (client: WeftClient) => Promise<void>) {
  const client = useWeft();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => change(client),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.secrets }),
  });
}

/** What clients changed, or tried to, newest first, page by page. */
export function useAuditLog(filter: AuditFilter) {
  const client = useWeft();
  return useInfiniteQuery({
    queryKey: keys.auditLog(filter),
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 0,
    ...pagesOf((place) => client.auditLog.list({ filter, pageSize: 50, ...place })),
  });
}

/** The list is read again after the change. */
export function useTokenChange<Input, Result>(change: (client: WeftClient, input: Input) => Promise<Result>) {
  const client = useWeft();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (input: Input) => change(client, input),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.tokens }),
  });
}
