import { describeValue, listNames } from '../shared/describe-value.ts';
import { closestName } from '../shared/did-you-mean.ts';

/** The names of a path from the whole scope, such as `input`, `customer`, `name`. */
export type Path = readonly string[];

/** What every expression sees. */
export const SCOPE_NAMES = ['input', 'nodes', 'execution'];
/** What expressions of a node that runs for each item of a list see besides. */
export const ITEM_NAMES = ['item', 'index', 'nodeInput'];
/** Each is a variable too, such as `$input`, which means the same wherever it stands within an expression. */
export const VARIABLE_NAMES: ReadonlySet<string> = new Set([...SCOPE_NAMES, ...ITEM_NAMES]);

/**
 * Why a path is undefined: `input` has: customer, total. Did you mean `input.customer`?
 *
 * @param at the index of the first name that is missing
 * @param names the names that are there instead
 * @param child the one of these names whose value has the missing field
 */
export function explainMissing(path: Path, at: number, names: readonly string[], child?: string): string {
  const has = at === 0 ? 'an expression sees' : `${quotePath(path.slice(0, at))} has`;
  const closest = closestName(path[at]!, names);
  const instead = closest === undefined ? child && [child, path[at]!] : [closest];
  const suggestion = instead
    ? ` Did you mean ${quotePath([...path.slice(0, at), ...instead, ...path.slice(at + 1)])}?`
    : '';
  return `${has}: ${listNames(names)}.${suggestion}`;
}

const MAX_NESTED_LISTS = 100;

/** Why a path over these data is undefined; null where it is not, or where an empty list leaves nothing to look into. */
export function findMissing(path: Path, scope: object): string | null {
  let values: unknown[] = [scope];
  for (const [at, name] of path.entries()) {
    const parents = values.flat(MAX_NESTED_LISTS);
    const found = parents.flatMap((parent) => fieldOf(parent, name));
    if (found.length === 0) return parents.length === 0 ? null : explainParent(path, at, parents[0]);
    values = found;
  }
  return null;
}

function explainParent(path: Path, at: number, parent: unknown): string | null {
  // Only the parts of the scope that an expression names are copied to it.
  if (at === 0) return SCOPE_NAMES.includes(path[0]!) ? null : explainMissing(path, 0, SCOPE_NAMES);
  const names = parent !== null && typeof parent === 'object' ? Object.keys(parent) : [];
  if (names.length > 0) return explainMissing(path, at, names);
  return `${quotePath(path.slice(0, at))} is ${describeValue(parent)}.`;
}

function fieldOf(parent: unknown, name: string): unknown[] {
  if (parent === null || typeof parent !== 'object' || !Object.hasOwn(parent, name)) return [];
  const value = (parent as Record<string, unknown>)[name];
  return value === undefined ? [] : [value];
}

const MAX_PATH_CHARACTERS = 120;

/** As JSONata writes it, in quotes for a message. */
export function quotePath(path: Path): string {
  const text = path.map((name) => (/^[A-Za-z_]\w*$/.test(name) ? name : `\`${name}\``)).join('.');
  return text.length > MAX_PATH_CHARACTERS ? `\`${text.slice(0, MAX_PATH_CHARACTERS)}…\`` : `\`${text}\``;
}
