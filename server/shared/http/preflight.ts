import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-error.ts';

/** A page of another origin can send these only after a preflight, which the guard refuses to it. */
const HEADERS = ['apollo-require-preflight', 'x-apollo-operation-name'];
/** The content types that a page may send without a preflight. */
const SIMPLE = /^(?:application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)$/i;

/**
 * Any page can make a browser send a GET, by a link, an image or an EventSource, and older browsers do not say where it
 * comes from. So a GET that runs an operation needs a header that no page sends unseen. The rule is Apollo Server's
 * `csrfPrevention`, for every transport.
 * @throws HttpError 400 PREFLIGHT_REQUIRED
 */
export function requirePreflight({ method, headers }: IncomingMessage): void {
  if (method !== 'GET' || HEADERS.some((name) => headers[name])) return;
  const type = headers['content-type']?.split(';', 1)[0]?.trim();
  if (type && !SIMPLE.test(type)) return;
  throw new HttpError(
    400,
    'PREFLIGHT_REQUIRED',
    'Expected a GET that runs an operation to have the header `apollo-require-preflight: true`, which no page of another ' +
      'site can send, got none. Send the header, or send the operation by POST.',
  );
}
