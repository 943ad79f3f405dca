/**
 * Whether the form of a schema draws a field at a path such as `input.orders.2.price`: along `properties`, `items` and
 * `$ref`s to `$defs`. What it does not draw is to be said beside it.
 */
export function hasField(schema: unknown, path: readonly string[]): boolean {
  let at = resolved(schema, schema);
  for (const step of path) {
    if (at === null) return false;
    const { properties, items } = at;
    const next = /^\d+$/.test(step) && items !== undefined ? items : ownOf(properties, step);
    at = resolved(next, schema);
  }
  return at !== null && path.length > 0;
}

interface Schema {
  properties?: Record<string, unknown>;
  items?: unknown;
  $ref?: string;
}

/** The schema that a `$ref` within the same document leads to; null where it leads elsewhere, or in a circle. */
function resolved(schema: unknown, root: unknown): Schema | null {
  let at = asObject(schema);
  for (let steps = 0; at?.$ref !== undefined; steps++) {
    const [hash, ...names] = at.$ref.split('/');
    if (hash !== '#' || steps > 20) return null;
    at = asObject(names.reduce<unknown>((part, name) => ownOf(asObject(part), unescaped(name)), root));
  }
  return at;
}

function asObject(value: unknown): Schema | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}

function ownOf(object: object | null | undefined, name: string): unknown {
  return object && Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;
}

function unescaped(name: string): string {
  return name.replaceAll('~1', '/').replaceAll('~0', '~');
}
