import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

export interface Limits {
  /** Bytes of one HTTP body or one WebSocket message. */
  maxBodyBytes: number;
  /** Nesting of fields in one operation; introspection is bounded by graphql-js itself. */
  maxDepth: number;
  /** Lexical tokens of one document. */
  maxTokens: number;
  /** Fields of one document with its fragments written out. */
  maxFields: number;
  /** Aliased fields of one document with its fragments written out. */
  maxAliases: number;
}

export const defaultLimits: Limits = {
  maxBodyBytes: 16 * 1024 * 1024,
  maxDepth: 12,
  maxTokens: 20_000,
  maxFields: 1_000,
  maxAliases: 100,
};

/**
 * Throws GRAPHQL_TOO_COMPLEX when the document asks for more than the limits. Runs before validation, because the
 * time that validation takes grows with the square of the fields.
 */
export function checkComplexity(document: DocumentNode, limits: Limits): void {
  const { depth, fields, aliases } = measure(document);
  if (depth > limits.maxDepth) throw tooComplex('nest fields', limits.maxDepth, 'deep', depth);
  if (fields > limits.maxFields) throw tooComplex('select', limits.maxFields, 'fields', fields);
  if (aliases > limits.maxAliases) throw tooComplex('have', limits.maxAliases, 'aliases', aliases);
}

export function tooComplex(verb: string, limit: number, unit: string, actual: number | string): GraphQLError {
  return new GraphQLError(
    `Expected the document to ${verb} at most ${limit} ${unit}, got ${actual}. Split it into several operations.`,
    { extensions: { code: 'GRAPHQL_TOO_COMPLEX' } },
  );
}

interface Size {
  depth: number;
  fields: number;
  aliases: number;
}

const nothing: Size = { depth: 0, fields: 0, aliases: 0 };

/** Each fragment is measured once, so a document that spreads fragments exponentially costs linear time. */
function measure(document: DocumentNode): Size {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const measured = new Map<string, Size>();
  let total = nothing;

  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) total = beside(total, ofSet(definition.selectionSet));
  }
  return total;

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
        };
      }
    }
  }

  function ofFragment(name: string): Size {
    const known = measured.get(name);
    if (known) return known;
    measured.set(name, nothing); // A cycle counts as nothing here; validation refuses it.
    const size = ofSet(fragments.get(name)?.selectionSet);
    measured.set(name, size);
    return size;
  }
}

function beside(a: Size, b: Size): Size {
  return {
    depth: Math.max(a.depth, b.depth),
    fields: a.fields + b.fields,
    aliases: a.aliases + b.aliases,
  };
}
