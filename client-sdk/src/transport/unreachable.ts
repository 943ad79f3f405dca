import { WeftConnectionError } from '../errors.ts';

/**
 * The error where neither `fetch` nor a WebSocket got an answer. A browser hides from the page why ("Failed to fetch"):
 * for a server that is away it says the same as for one that refuses the page's origin. So the message names both.
 * @param expected such as `an answer from http://127.0.0.1:4000/graphql`
 */
export function unreachableError(expected: string, url: string, cause: unknown): WeftConnectionError {
  const reason = describeCause(cause);
  const got = reason === '' ? 'none' : `none: ${reason}`;
  const message = `Expected ${expected}, got ${got}. ${likelyCauses(new URL(url).origin, pageOrigin())}`;
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

function likelyCauses(server: string, page: string | undefined): string {
  if (page === undefined || page === server) return `Check that a Weft server runs at ${server}.`;
  const remedy =
    page === 'null' ? 'serve this page over HTTP' : 'add that origin to its WEFT_ALLOWED_ORIGINS';
  return (
    `Either no Weft server runs at ${server}, or it does not allow pages of the origin ${page}: ` +
    `if it runs, ${remedy}.`
  );
}

/** The page's origin; `null` for a page without one, such as a file. Undefined outside of pages and their workers. */
function pageOrigin(): string | undefined {
  return (globalThis as { origin?: string }).origin; // the `origin` of `location` differs in files and sandboxed frames
}
