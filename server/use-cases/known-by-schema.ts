import type { KnownValue } from './known-value.ts';

interface JsonSchema {
  $ref?: unknown;
  type?: unknown;
  properties?: Record<string, unknown>;
  additionalProperties?: unknown;
  unevaluatedProperties?: unknown;
  items?: unknown;
}

/** With these, fields may come from elsewhere than `properties`. */
const COMBINING = [
  'allOf',
  'anyOf',
  'oneOf',
  'if',
  'patternProperties',
  'dependentSchemas',
  'prefixItems',
  '$dynamicRef',
];
const SCALARS = ['string', 'number', 'integer', 'boolean', 'null'];
const MAX_REFS = 16;

/** What a JSON Schema says of the values that fit it; null where it says nothing of their fields. */
export function knownBySchema(schema: unknown, root = schema, refs = 0): KnownValue | null {
  if (!isObject(schema) || COMBINING.some((keyword) => keyword in schema)) return null;
  const { $ref, properties, items } = schema as JsonSchema;
  if ($ref !== undefined) {
    return refs < MAX_REFS ? knownBySchema(resolvePointer(root, $ref), root, refs + 1) : null;
  }
  const type = typeOf(schema);
  if (type === 'array' || (type === null && items !== undefined)) return knownBySchema(items, root, refs + 1);
  if (type !== null && SCALARS.includes(type)) return { kind: 'scalar', type };
  return isObject(properties) ? knownObject(schema, properties, root) : null;
}

function knownObject(schema: JsonSchema, properties: Record<string, unknown>, root: unknown): KnownValue {
  const extra = schema.additionalProperties ?? schema.unevaluatedProperties;
  const isSilent = extra === undefined && Object.keys(properties).length > 0;
  const known = new Map<string, KnownValue | null>();
  return {
    kind: 'object',
    names: Object.keys(properties),
    isClosed: schema.type === 'object' && extra === false,
    field(name) {
      // Where a schema expects further fields, each name may be one of them.
      if (!Object.hasOwn(properties, name)) return extra === false || isSilent ? undefined : null;
      if (!known.has(name)) known.set(name, knownBySchema(properties[name], root));
      return known.get(name);
    },
  };
}

/** The one type beside null; null where there are several, or none is given. */
function typeOf({ type }: JsonSchema): string | null {
  if (typeof type === 'string') return type;
  const types = Array.isArray(type) ? type.filter((each) => each !== 'null') : [];
  return types.length === 1 && typeof types[0] === 'string' ? types[0] : null;
}

/** Of `#` and `#/…` alone; any other reference leads out of the document. */
function resolvePointer(root: unknown, pointer: unknown): unknown {
  if (typeof pointer !== 'string' || !/^#(\/|$)/.test(pointer)) return undefined;
  const segments = pointer.split('/').slice(1);
  return segments.reduce<unknown>((at, segment) => {
    const name = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    return isObject(at) && Object.hasOwn(at, name) ? (at as Record<string, unknown>)[name] : undefined;
  }, root);
}

function isObject(value: unknown): value is object & JsonSchema {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
