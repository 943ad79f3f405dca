import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { WeftClient } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { keys } from './keys.ts';
import { pagesOf } from './pages.ts';

/** Newest first, page by page. */
export function useWebhooks() {
  const client = useWeft();
  return useInfiniteQuery({
    queryKey: keys.webhooks,
    ...pagesOf((place) => client.webhooks.list({ pageSize: 50, ...place })),
  });
}

/** The one that a link names; null where there is none. */
export function useWebhook(id: string | null) {
  const client = useWeft();
  return useQuery({
    queryKey: keys.webhook(id ?? ''),
    enabled: id !== null,
    queryFn: ({ signal }) => client.webhooks.get(id!, { signal }),
  });
}

/** Whoever tries a webhook looks at this list while requests come. */
const READ_AGAIN_MS = 2_000;

/** The last requests to a webhook, newest first, read again and again while they are shown. */
export function useWebhookRequests(id: string) {
  const client = useWeft();
  return useQuery({
    queryKey: keys.webhookRequests(id),
    refetchInterval: READ_AGAIN_MS,
    queryFn: ({ signal }) => client.webhooks.requests(id, { signal }),
  });
}

/** A change of webhooks; the list is read again after it. */
export function useWebhookChange<Input, Result>(
  change: (client: WeftClient, input: Input) => Promise<Result>,
) {
  const client = useWeft();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (input: Input) => change(client, input),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.webhooks }),
  });
}
