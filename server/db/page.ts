import { LessThan, MoreThan } from 'typeorm';

/** A page of a list. Without a cursor it is the first page, or the last page where it is read backwards. */
export interface PageRequest {
  /** 1 to 100. */
  size: number;
  /** The page begins after this item, or ends before it where it is read backwards. */
  cursor: string | null;
  isBackward: boolean;
}

/** The items are in the order of the list, also where the page was read backwards. */
export interface Page<T> {
  items: T[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
}

/** Turns the rows of a query with `newestFirst` into a page; the row beyond `size` shows that the list continues. */
export function toPage<T>(rows: readonly T[], { size, cursor, isBackward }: PageRequest): Page<T> {
  const items = rows.slice(0, size);
  const continues = rows.length > size;
  const hasCursor = cursor !== null;
  return isBackward
    ? { items: items.reverse(), hasNextPage: hasCursor, hasPreviousPage: continues }
    : { items, hasNextPage: continues, hasPreviousPage: hasCursor };
}

/** The query for a page of a list that is ordered newest first by `column`; cursors are values of `column`. */
export function newestFirst(column: string, { size, cursor, isBackward }: PageRequest) {
  return {
    within: cursor === null ? {} : { [column]: isBackward ? MoreThan(cursor) : LessThan(cursor) },
    order: { [column]: isBackward ? 'ASC' : 'DESC' } as const,
    take: size + 1,
  };
}
