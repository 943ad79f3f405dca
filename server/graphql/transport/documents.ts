import { type DocumentNode, GraphQLError, type GraphQLSchema, parse, validate } from 'graphql';
import { type CostOf, compileCosts, type PageSizes, pageSizesOf } from './cost.ts';
import { checkComplexity, checkLength, type Limits, tooComplex } from './limits.ts';
import {
  type DocumentRequest,
  isTrusted,
  noTrustedDocuments,
  sourceOf,
  type TrustedDocuments,
  wrong,
} from './trusted-documents.ts';

/** Turns what a request names into a document that is parsed, within the limits and valid, or into the errors why not. */
export interface Documents {
  /** Null for a request that names no document. */
  prepare(request: DocumentRequest): PreparedDocument | null;
}

export type PreparedDocument =
  | { source: string; document: DocumentNode; costs: ReadonlyMap<string, CostOf> }
  | { errors: readonly GraphQLError[] };

/**
 * Every transport prepares its documents here, so that all refuse the same documents with the same messages. Valid
 * documents are cached: ten thousand subscribers with one query share one syntax tree. (A Map in the order of use:
 * lru-cache would save four lines.)
 */
export function makeDocuments(
  schema: GraphQLSchema,
  limits: Limits,
  trusted: TrustedDocuments = noTrustedDocuments,
): Documents {
  const sizes = pageSizesOf(schema);
  const prepareSource = (source: string) => prepareDocument({ schema, limits, sizes }, source);
  const kept = prepareTrusted(trusted, prepareSource);
  const cache = new Map<string, PreparedDocument>();

  return {
    prepare(request) {
      try {
        const source = sourceOf(request, trusted);
        return source === undefined ? null : (kept.get(source) ?? prepareOther(source));
      } catch (error) {
        if (error instanceof GraphQLError) return { errors: [error] };
        throw error;
      }
    },
  };

  function prepareOther(source: string): PreparedDocument {
    const cached = cache.get(source);
    if (cached) {
      cache.delete(source);
      cache.set(source, cached);
      return cached;
    }
    if (!isTrusted(source, trusted)) throw notTrusted();
    const prepared = prepareSource(source);
    if ('document' in prepared && source.length <= maxCachedLength) {
      cache.set(source, prepared);
      if (cache.size > maxCachedDocuments) cache.delete(cache.keys().next().value!);
    }
    return prepared;
  }
}

const maxCachedDocuments = 256;
const maxCachedLength = 8_192;
const maxReportedErrors = 20;

/** The trusted ones by their text, for as long as the server runs. @throws WeftError INVALID_SETTINGS, which names those that are not valid */
function prepareTrusted(
  { byId }: TrustedDocuments,
  prepareSource: (source: string) => PreparedDocument,
): Map<string, PreparedDocument> {
  const kept = new Map<string, PreparedDocument>();
  const problems: string[] = [];
  for (const { id, file, source } of new Set(byId.values())) {
    const prepared = prepareSource(source);
    if ('document' in prepared) kept.set(source, prepared);
    else problems.push(`  ${id} in ${file}${nameOf(source)}: ${prepared.errors[0]!.message}`);
  }
  if (problems.length === 0) return kept;
  const shown = problems.slice(0, maxReportedErrors).join('\n');
  throw wrong(`${problems.length} of the documents cannot be run with this schema:\n${shown}`);
}

/** ` (query Stock)` of a document that need not parse. */
function nameOf(source: string): string {
  const found = /\b(query|mutation|subscription)\s+\w+/.exec(source);
  return found === null ? '' : ` (${found[0]})`;
}

function notTrusted(): GraphQLError {
  return new GraphQLError(
    'This server runs trusted documents alone, and this is none of them. Add it to WEFT_TRUSTED_DOCUMENTS, character by character as it is sent.',
    { extensions: { code: 'DOCUMENT_NOT_TRUSTED' } },
  );
}

interface Rules {
  schema: GraphQLSchema;
  limits: Limits;
  sizes: PageSizes;
}

function prepareDocument({ schema, limits, sizes }: Rules, source: string): PreparedDocument {
  try {
    checkLength(source, limits);
    const document = parseWithin(limits, source);
    checkComplexity(document, limits);
    const errors = validate(schema, document, undefined, { maxErrors: maxReportedErrors });
    if (errors.length > 0)
      return { errors: errors.map((error) => withCode(error, 'GRAPHQL_VALIDATION_FAILED')) };
    return { source, document, costs: compileCosts(document, sizes) };
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
