import type { Shape } from '../expressions/analyze-expression.ts';
import type { Path } from '../expressions/undefined-reference.ts';

/**
 * What is known of a value before a run; null where nothing is known. A list is known by its items, because paths of JSONata
 * lead through lists.
 */
export type KnownValue =
  | {
      kind: 'object';
      names: readonly string[];
      /** Whether it has no other fields. */
      isClosed: boolean;
      /** Undefined where no field of this name is known. */
      field: (name: string) => KnownValue | null | undefined;
    }
  | { kind: 'scalar'; type: string };

export type KnownObject = Extract<KnownValue, { kind: 'object' }>;

export function knownObject(fields: ReadonlyMap<string, KnownValue | null>): KnownObject {
  return { kind: 'object', names: [...fields.keys()], isClosed: true, field: (name) => fields.get(name) };
}

export type Lookup =
  | { kind: 'found'; value: KnownValue | null }
  /** `at` is the index of the first name that `parent` does not have. */
  | { kind: 'missing'; at: number; parent: KnownValue };

export function lookUp(value: KnownValue, path: Path): Lookup {
  let parent: KnownValue | null = value;
  for (const [at, name] of path.entries()) {
    if (parent === null) break;
    const next: KnownValue | null | undefined = parent.kind === 'object' ? parent.field(name) : undefined;
    if (next === undefined) return { kind: 'missing', at, parent };
    parent = next;
  }
  return { kind: 'found', value: parent };
}

/** The value of an expression with this shape, over a known scope. */
export function knownByShape(shape: Shape | null, scope: KnownValue): KnownValue | null {
  switch (shape?.kind) {
    case undefined:
      return null;
    case 'scalar':
      return shape;
    case 'object': {
      const fields = Object.entries(shape.fields);
      return knownObject(new Map(fields.map(([name, field]) => [name, knownByShape(field, scope)])));
    }
    case 'reference': {
      const found = lookUp(scope, shape.path);
      return found.kind === 'found' ? found.value : null;
    }
  }
}
