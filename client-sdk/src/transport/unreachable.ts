import { WeftConnectionError } from '../errors.ts';

/**
 * The error where neither `fetch` nor a WebSocket got an answer.
 * @param expected such as `an answer from http://127.0.0.1:4000/graphql`
 */
export function unreachableError(expected: string, _url: string, cause: unknown): WeftConnectionError {
  const reason = describeCause(cause);
  const got = reason === '' ? 'none' : `none: ${reason}`;
  const message = `Expected ${expected}, got ${got}.`;
  return new WeftConnectionError(message, false, { cause });
}

/**
 * Why it failed, from an error or an event; empty where a browser does not say. What failed below `fetch` is in the
 * error's cause: "fetch failed" alone explains nothing.
 */
export function describeCause(error: unknown): string {
  const { message, cause } = Object(error) as { message?: unknown; cause?: unknown };
  if (typeof message !== 'string') return typeof error === 'object' ? '' : String(error);
  return cause instanceof Error ? `${message} (${cause.message || cause.name})` : message;
}
