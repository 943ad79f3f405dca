import type { QueryClient, QueryKey } from '@tanstack/react-query';

/**
 * Reads again what was read before a stream of its changes was open: of a change in between nobody would hear. A reading
 * that is under way is waited for, because another one would join it. Never rejects: queries keep their errors.
 */
export async function readAgain(queries: QueryClient, ...queryKeys: readonly QueryKey[]): Promise<void> {
  await Promise.all(
    queryKeys.map(async (queryKey) => {
      const underWay = queries.getQueryCache().findAll({ queryKey, fetchStatus: 'fetching' });
      await Promise.allSettled(underWay.flatMap(({ promise }) => promise ?? []));
      await queries.invalidateQueries({ queryKey });
    }),
  );
}
