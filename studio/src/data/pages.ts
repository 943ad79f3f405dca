import type { InfiniteData } from '@tanstack/react-query';
import type { Listing, Page } from '@weft/client';

/** What `useInfiniteQuery` needs to turn the pages of a list. */
export function pagesOf<T>(list: (place: { after?: string; signal: AbortSignal }) => Listing<T>) {
  return {
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }: { pageParam: string | undefined; signal: AbortSignal }) =>
      list({ ...(pageParam === undefined ? {} : { after: pageParam }), signal }).page(),
    getNextPageParam: (page: Page<T>) => (page.hasNextPage ? (page.endCursor ?? undefined) : undefined),
    select: (data: Pages<T>) => data.pages.flatMap(({ items }) => items),
  };
}

export type Pages<T> = InfiniteData<Page<T>, string | undefined>;

/** The same pages with their items changed; the same object where `change` changes none. */
export function mapPages<T>(data: Pages<T>, change: (items: T[], pageIndex: number) => T[]): Pages<T> {
  const pages = data.pages.map((page, index) => {
    const items = change(page.items, index);
    return items === page.items ? page : { ...page, items };
  });
  return pages.every((page, index) => page === data.pages[index]) ? data : { ...data, pages };
}
