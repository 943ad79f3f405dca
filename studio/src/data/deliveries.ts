import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { WeftClient } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { keys } from './keys.ts';
import { pagesOf } from './pages.ts';

/** Newest first, page by page. */
export function useEndpoints() {
  const client = useWeft();
  return useInfiniteQuery({
    queryKey: keys.endpoints,
    ...pagesOf((place) => client.webhookEndpoints.list({ pageSize: 50, ...place })),
  });
}

/** Whoever tries an endpoint looks at this list while requests are sent. */
const READ_AGAIN_MS = 1_000;

/** The last deliveries to an endpoint, newest first, read again and again while they are shown. */
export function useDeliveries(endpointId: string) {
  const client = useWeft();
  return useQuery({
    queryKey: keys.deliveries(endpointId),
    refetchInterval: READ_AGAIN_MS,
    queryFn: async ({ signal }) =>
      (await client.deliveries.list({ filter: { endpointId }, pageSize: 50, signal }).page()).items,
  });
}

/** A change of endpoints or deliveries; what is shown of them is read again after it. */
export function useEndpointChange<Input, Result>(
  change: (client: WeftClient, input: Input) => Promise<Result>,
) {
  const client = useWeft();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (input: Input) => change(client, input),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.endpoints }),
  });
}
