import type { UserError } from './types.ts';

/** Readable in addresses and file names, and no id, which has `_`. */
const PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

export function keyErrors(key: string, field = 'key'): UserError[] {
  if (PATTERN.test(key)) return [];
  const message = `Expected a key of 1 to 64 lower-case letters, digits and \`-\`, such as \`monthly-report\`, got \`${key.slice(0, 100)}\`.`;
  return [{ code: 'INVALID', field, message }];
}

/** The key that a workflow has unless its author chooses one: `Månedlig rapport!` → `manedlig-rapport`. */
export function slugOf(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return (
    plain
      .match(/[a-z0-9]+/g)
      ?.join('-')
      .slice(0, MAX_SLUG)
      .replace(/-$/, '') || 'workflow'
  );
}

/** Leaves room for a number. */
const MAX_SLUG = 50;

/** The slug, or the slug with the first number that is not taken. */
export function freeKey(slug: string, taken: ReadonlySet<string>): string {
  if (!taken.has(slug)) return slug;
  for (let n = 2; ; n += 1) if (!taken.has(`${slug}-${n}`)) return `${slug}-${n}`;
}
