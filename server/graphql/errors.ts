import { randomUUID } from 'node:crypto';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { isConnectionError, isUnstorable } from '../db/errors.ts';
import { coerceError, WeftError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';

export type ErrorFormatter = (thrown: unknown) => GraphQLFormattedError;

/**
 * Formats errors for clients. Known errors (a WeftError, an unreachable database, a fault in the client's document or
 * variables) pass with `extensions.code`. Any other becomes INTERNAL_SERVER_ERROR with an `errorId`, and is logged in
 * full under that id.
 */
export function makeErrorFormatter(logger: Logger): ErrorFormatter {
  return (thrown) => {
    const error = toGraphqlError(thrown);
    const cause = rootCause(error);
    if (cause instanceof WeftError) return passWeftError(error, cause, logger);
    if (isConnectionError(cause)) return passConnectionError(error, cause, logger);
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

const unstorable =
  'Expected text without NUL characters (\\u0000), and numbers within 32 bits, everywhere but inside JSON values.';

function passWeftError(error: GraphQLError, cause: WeftError, logger: Logger): GraphQLFormattedError {
  if (cause.logLevel !== 'silent') logger[cause.logLevel]({ err: cause }, cause.message);
  return { ...pass(error, cause.code), message: cause.message };
}

function passConnectionError(error: GraphQLError, cause: Error, logger: Logger): GraphQLFormattedError {
  logger.warn({ err: cause, path: error.path }, 'a GraphQL operation could not reach the database');
  return {
    ...pass(error, 'DATABASE_UNAVAILABLE'),
    message:
      'The database cannot be reached, or is too busy to answer. Try again in a moment; a start with an `idempotencyKey` is safe to repeat.',
  };
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
    message: `Something went wrong inside Weft. The server's log has the details under the error id ${errorId}.`,
    extensions: { code: 'INTERNAL_SERVER_ERROR', errorId },
  };
}
