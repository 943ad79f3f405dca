import { randomUUID } from 'node:crypto';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { coerceError, WeftError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';

export type ErrorFormatter = (thrown: unknown) => GraphQLFormattedError;

/**
 * Makes what a client is told of an error. Known errors (a WeftError, a fault in the client's document or
 * variables) pass with `extensions.code`; all else becomes INTERNAL_SERVER_ERROR with an `errorId`, and is
 * logged in full under that id.
 */
export function makeErrorFormatter(logger: Logger): ErrorFormatter {
  return (thrown) => {
    const error = toGraphqlError(thrown);
    const cause = rootCause(error);
    if (cause instanceof WeftError) return passWeftError(error, cause, logger);
    if (isUnstorable(cause)) return { ...pass(error, 'BAD_USER_INPUT'), message: unstorable };
    if (isFaultOfClient(error, cause)) return pass(error, String(cause.extensions.code ?? 'BAD_USER_INPUT'));
    return mask(error, cause, logger);
  };
}

function toGraphqlError(thrown: unknown): GraphQLError {
  if (thrown instanceof GraphQLError) return thrown;
  const originalError = coerceError(thrown);
  return new GraphQLError(originalError.message, { originalError });
}

function rootCause(error: GraphQLError): Error {
  let cause: Error = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

/**
 * graphql-js throws GraphQLErrors for our faults too (a resolver's value that its scalar cannot print), but those
 * happen at a field's path and point at no place in the document.
 */
function isFaultOfClient(error: GraphQLError, cause: Error): cause is GraphQLError {
  if (!(cause instanceof GraphQLError)) return false;
  return cause.extensions.code !== undefined || cause.nodes !== undefined || error.path === undefined;
}

/**
 * Two of Postgres's data exceptions, told apart by their SQLSTATE: text with a NUL character (22021) and a number
 * beyond its column (22003). Only a client can have sent such a value, in an id, a name or a cursor.
 */
function isUnstorable(cause: Error): boolean {
  return 'code' in cause && (cause.code === '22021' || cause.code === '22003');
}

const unstorable =
  'Expected text without NUL characters (\\u0000), and numbers within 32 bits, everywhere but inside JSON values.';

function passWeftError(error: GraphQLError, cause: WeftError, logger: Logger): GraphQLFormattedError {
  if (cause.logLevel !== 'silent') logger[cause.logLevel]({ err: cause }, cause.message);
  return { ...pass(error, cause.code), message: cause.message };
}

function pass(error: GraphQLError, code: string): GraphQLFormattedError {
  const { http: _, ...extensions } = error.extensions;
  return { ...error.toJSON(), extensions: { ...extensions, code } };
}

function mask(error: GraphQLError, cause: Error, logger: Logger): GraphQLFormattedError {
  const errorId = randomUUID();
  logger.error({ err: cause, errorId, path: error.path }, 'a GraphQL operation failed unexpectedly');
  return {
    ...pass(error, 'INTERNAL_SERVER_ERROR'),
    message: `Something went wrong inside Weft. The server's log tells more under the error id ${errorId}.`,
    extensions: { code: 'INTERNAL_SERVER_ERROR', errorId },
  };
}
