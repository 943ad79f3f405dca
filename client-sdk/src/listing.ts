import type { RequestOptions } from './request.ts';

export interface ListOptions extends RequestOptions {
  /** Items for each request, 1 to 100; 50 unless given. */
  pageSize?: number;
  /** The `endCursor` of a page: the list begins just after that page. */
  after?: string;
}

/** A list on the server. `for await` yields all of its items, and requests each page when the loop reaches it. */
export interface Listing<T> extends AsyncIterable<T> {
  /** The first page. Pass its `endCursor` as `after` to get the next one. */
  page(): Promise<Page<T>>;
  /** The first `limit` items. */
  take(limit: number): Promise<T[]>;
}

export interface Page<T> {
  items: T[];
  hasNextPage: boolean;
  endCursor: string | null;
}

export interface Connection<T> {
  nodes: T[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

export function makeListing<T>(
  { pageSize = 50, after }: ListOptions,
  fetchPage: (page: { first: number; after: string | undefined }) => Promise<Connection<T>>,
): Listing<T> {
  async function getPage(cursor: string | undefined, first = pageSize): Promise<Page<T>> {
    const { nodes, pageInfo } = await fetchPage({ first, after: cursor });
    return { items: nodes, ...pageInfo };
  }

  async function* items(size = pageSize): AsyncGenerator<T, void> {
    let cursor = after;
    for (;;) {
      const page = await getPage(cursor, size);
      yield* page.items;
      if (!page.hasNextPage || page.endCursor === null) return;
      cursor = page.endCursor;
    }
  }

  return {
    page: () => getPage(after),
    async take(limit) {
      const taken: T[] = [];
      if (limit <= 0) return taken;
      for await (const item of items(Math.min(limit, pageSize))) if (taken.push(item) >= limit) break;
      return taken;
    },
    [Symbol.asyncIterator]: () => items(),
  };
}
