import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { BodyLimits } from '../../shared/http/body.ts';
import { MAX_VALUE } from '../../shared/value-size.ts';

export interface Limits {
  /** Of one HTTP body or one WebSocket message. */
  body: Required<BodyLimits>;
  /** The time that a WebSocket has for its `connection_init`, milliseconds. */
  initMs: number;
  /** Characters of one document: values belong in its variables. */
  maxLength: number;
  /** Lines of one document: graphql-js counts them again for the location of each error. */
  maxLines: number;
  /** Nesting of fields in one operation; introspection is bounded by graphql-js itself. */
  maxDepth: number;
  /** Lexical tokens of one document. */
  maxTokens: number;
  /** Fields of one document with its fragments written out. */
  maxFields: number;
  /** Aliased fields of one document with its fragments written out. */
  maxAliases: number;
  /** Selections of the most expensive fields in one operation with its fragments written out. */
  maxCostly: number;
}

export const defaultLimits: Limits = {
  body: { maxBytes: MAX_VALUE.bytes, maxContainers: MAX_VALUE.containers },
  initMs: 10_000,
  maxLength: 256 * 1024,
  maxLines: 10_000,
  maxDepth: 12,
  maxTokens: 20_000,
  maxFields: 2_000,
  maxAliases: 100,
  maxCostly: 5,
};

/** Each of these may keep a process busy for a second, and 100 aliases of one for minutes. */
export const costlyFields: ReadonlySet<string> = new Set([
  'executionExport',
  'executionRetryPlan',
  'pythonCheck',
  'pythonEnvironmentPrepare',
  'workflowCreate',
  'workflowUpdate',
  'workflowValidate',
]);

/** Throws GRAPHQL_TOO_COMPLEX for a source that is too long to parse. */
export function checkLength(source: string, { maxLength, maxLines }: Limits): void {
  if (source.length > maxLength) {
    throw tooComplex('have', maxLength, 'characters', source.length, 'Send values as variables.');
  }
  const lines = source.split(/\r\n|[\n\r]/).length;
  if (lines > maxLines) throw tooComplex('have', maxLines, 'lines', lines);
}

/**
 * Throws GRAPHQL_TOO_COMPLEX when the document exceeds the limits. Runs before validation, because the time of a
 * validation grows with the square of the fields.
 */
export function checkComplexity(document: DocumentNode, limits: Limits): void {
  const { depth, fields, aliases, costly } = measure(document);
  if (depth > limits.maxDepth) throw tooComplex('nest fields', limits.maxDepth, 'deep', depth);
  if (fields > limits.maxFields) throw tooComplex('select', limits.maxFields, 'fields', fields);
  if (aliases > limits.maxAliases) throw tooComplex('have', limits.maxAliases, 'aliases', aliases);
  if (costly > limits.maxCostly)
    throw tooComplex('select', limits.maxCostly, `of ${[...costlyFields].join(', ')}`, costly);
}

export function tooComplex(
  verb: string,
  limit: number,
  unit: string,
  actual: number | string,
  remedy = 'Split it into several operations.',
): GraphQLError {
  return new GraphQLError(
    `Expected the document to ${verb} at most ${limit} ${unit}, got ${actual}. ${remedy}`,
    { extensions: { code: 'GRAPHQL_TOO_COMPLEX' } },
  );
}

interface Size {
  depth: number;
  fields: number;
  aliases: number;
  costly: number;
}

const nothing: Size = { depth: 0, fields: 0, aliases: 0, costly: 0 };

/** Measures each fragment once, so a document that spreads fragments exponentially costs linear time. */
function measure(document: DocumentNode): Size {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const measured = new Map<string, Size>();
  let total = nothing;
  let costly = 0;

  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const size = ofSet(definition.selectionSet);
    total = beside(total, size);
    costly = Math.max(costly, size.costly); // Only one operation is run.
  }
  return { ...total, costly };

  function ofSet(set: SelectionSetNode | undefined): Size {
    return (set?.selections ?? []).map(ofSelection).reduce(beside, nothing);
  }

  function ofSelection(selection: SelectionNode): Size {
    switch (selection.kind) {
      case Kind.INLINE_FRAGMENT:
        return ofSet(selection.selectionSet);
      case Kind.FRAGMENT_SPREAD:
        return ofFragment(selection.name.value);
      case Kind.FIELD: {
        const inner = ofSet(selection.selectionSet);
        return {
          depth: selection.name.value.startsWith('__') ? 1 : inner.depth + 1,
          fields: inner.fields + 1,
          aliases: inner.aliases + (selection.alias ? 1 : 0),
          costly: inner.costly + (costlyFields.has(selection.name.value) ? 1 : 0),
        };
      }
    }
  }

  function ofFragment(name: string): Size {
    const size = measured.get(name);
    if (size) return size;
    measured.set(name, nothing); // A cycle counts as nothing here; validation refuses it.
    const whole = ofSet(fragments.get(name)?.selectionSet);
    measured.set(name, whole);
    return whole;
  }
}

function beside(a: Size, b: Size): Size {
  return {
    depth: Math.max(a.depth, b.depth),
    fields: a.fields + b.fields,
    aliases: a.aliases + b.aliases,
    costly: a.costly + b.costly,
  };
}
