import { type DocumentNode, GraphQLError, type GraphQLSchema, parse, validate } from 'graphql';
import { checkComplexity, checkLength, type Limits, tooComplex } from './limits.ts';

/** Turns GraphQL source into a document that is parsed, within the limits and valid, or into the errors why not. */
export interface Documents {
  prepare(source: string): PreparedDocument;
}

export type PreparedDocument = { document: DocumentNode } | { errors: readonly GraphQLError[] };

/**
 * Every transport prepares its documents here, so that all refuse the same documents with the same messages. Valid
 * documents are cached: ten thousand subscribers with one query share one syntax tree. (A Map in the order of use:
 * lru-cache would save four lines.)
 */
export function makeDocuments(schema: GraphQLSchema, limits: Limits): Documents {
  const cache = new Map<string, PreparedDocument>();

  return {
    prepare(source) {
      const cached = cache.get(source);
      if (cached) {
        cache.delete(source);
        cache.set(source, cached);
        return cached;
      }
      const prepared = prepareDocument(schema, limits, source);
      if ('document' in prepared && source.length <= maxCachedLength) {
        cache.set(source, prepared);
        if (cache.size > maxCachedDocuments) cache.delete(cache.keys().next().value!);
      }
      return prepared;
    },
  };
}

const maxCachedDocuments = 256;
const maxCachedLength = 8_192;
const maxReportedErrors = 20;

function prepareDocument(schema: GraphQLSchema, limits: Limits, source: string): PreparedDocument {
  try {
    checkLength(source, limits);
    const document = parseWithin(limits, source);
    checkComplexity(document, limits);
    const errors = validate(schema, document, undefined, { maxErrors: maxReportedErrors });
    if (errors.length > 0)
      return { errors: errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED')) };
    return { document };
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] };
    throw error;
  }
}

function parseWithin(limits: Limits, source: string): DocumentNode {
  try {
    return parse(source, { maxTokens: limits.maxTokens });
  } catch (error) {
    // The parser recurses: a document that nests thousands deep overflows the stack before it reaches the token limit.
    if (error instanceof RangeError) throw tooComplex('nest fields', limits.maxDepth, 'deep', 'thousands');
    if (!(error instanceof GraphQLError)) throw error;
    if (/more tha[nt] \d+ tokens/.test(error.message))
      throw tooComplex('have', limits.maxTokens, 'tokens', 'more');
    throw withCode(error, 'GRAPHQL_PARSE_FAILED');
  }
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  const { message, nodes, source, positions, originalError } = error;
  return new GraphQLError(message, { nodes, source, positions, originalError, extensions: { code } });
}
