import { LessThan, MoreThan } from 'typeorm';

/**
 * Which page of a list: after a cursor or from the list's begin, or, read backwards, before a cursor or from its end.
 */
export interface PageRequest {
  /** 1 to 100. */
  size: number;
  cursor: string | null;
  isBackward: boolean;
}

/** The items are in the list's own order, whichever way they were read. */
export interface Page<T> {
  items: T[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
}

/** Of rows as they were read: one more than asked for tells whether the list goes on that way. */
export function toPage<T>(rows: readonly T[], { size, cursor, isBackward }: PageRequest): Page<T> {
  const items = rows.slice(0, size);
  const goesOn = rows.length > size;
  const cameFrom = cursor !== null;
  return isBackward
    ? { items: items.reverse(), hasNextPage: cameFrom, hasPreviousPage: goesOn }
    : { items, hasNextPage: goesOn, hasPreviousPage: cameFrom };
}

/** How to find the rows of a list that is newest first by the column that its cursors are of. */
export function newestFirst(column: string, { size, cursor, isBackward }: PageRequest) {
  return {
    within: cursor === null ? {} : { [column]: isBackward ? MoreThan(cursor) : LessThan(cursor) },
    order: { [column]: isBackward ? 'ASC' : 'DESC' } as const,
    take: size + 1,
  };
}
