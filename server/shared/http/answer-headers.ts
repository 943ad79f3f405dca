import type { OutgoingHttpHeaders } from 'node:http';

/**
 * What a workflow may say in the headers of an answer. The answer comes from the origin of the console and the API, so
 * whatever a browser keeps for that origin (cookies, policies, service workers, reports) or a proxy acts on (internal
 * redirects, the connection) is not for workflows to say. A list of what may be said, because a header that is new
 * tomorrow must not be allowed by having been unknown today.
 */
const allowed: ReadonlySet<string> = new Set([
  'allow',
  'cache-control',
  'content-disposition',
  'content-language',
  'content-type',
  'deprecation',
  'etag',
  'expires',
  'idempotency-key',
  'last-modified',
  'location',
  'retry-after',
  'sunset',
  'vary',
]);

/** Names of one's own begin with `x-`. Of these, what servers and browsers know is refused. */
const ownName = /^x-[a-z0-9-]{1,100}$/;
const actedOn =
  /^x-(?:accel-|sendfile|lighttpd-|litespeed-|reproxy-|frame-options|content-|xss-|webkit-|dns-|permitted-|ua-|download-|forwarded-|robots-|powered-by|aspnet)/;

/** What is wrong with a header that a workflow wants to set; null where nothing is. */
export function headerProblem(name: string, value: string): string | null {
  const lower = name.toLowerCase();
  const isAllowed = allowed.has(lower) || (ownName.test(lower) && !actedOn.test(lower));
  if (!isAllowed)
    return `Expected one of the headers ${[...allowed].join(', ')}, or a name of your own that begins with x-, got ${JSON.stringify(name.slice(0, 100))}, which an answer may not set.`;
  // Node sends each character as one byte, and refuses line breaks and other control characters itself.
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
    return `Expected the value of ${lower} to be one line of Latin-1 text, got a line break or another character.`;
  return null;
}

/** Statuses whose responses have no body. */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/**
 * What an answer with content that somebody else has made has anyway, over whatever else it says: a browser runs nothing
 * of it and shows it as a page of no origin, guesses no type, and says to nobody where it was.
 */
export const inertHeaders: OutgoingHttpHeaders = {
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};
