import { LessThan } from 'typeorm';
import type { Page } from './types.ts';

/** One row more than asked for tells whether there is another page. */
export function toPage<T>(rows: T[], first: number): Page<T> {
  return { items: rows.slice(0, first), hasNextPage: rows.length > first };
}

/** The condition of a list that is read newest first. */
export function pageBefore<K extends string>(column: K, after: string | number | null) {
  return after === null ? {} : { [column]: LessThan(after) };
}
