import { checkedUrl } from '../../../outbound/outbound.ts';
import { OutboundError } from '../../../outbound/outbound-error.ts';
import { describeValue } from '../../../shared/describe-value.ts';
import type { OpenFile } from '../../definition.ts';
import { type HttpConfig, isHeaderName } from './http-config.ts';

/** A request as it is sent. */
export interface HttpRequest {
  method: string;
  url: URL;
  headers: Record<string, string>;
  secretHeaders: readonly string[];
  body: string | OpenFile | undefined;
  bodyFormat: HttpConfig['bodyFormat'];
}

/** What a request may change of the one before it. */
interface NextPage {
  url?: string;
  query?: HttpConfig['query'];
  headers?: Record<string, string>;
  body?: unknown;
}

/**
 * @param isSecret whether a text shows a secret: a header that does goes to no other host
 * @param ofAttempt headers that the configuration may replace: `idempotency-key`, for APIs that take note of it, is the
 * same for one attempt, whoever repeats its request on the way; `traceparent` and `tracestate` are its span
 * @param file the body, where its format is `file`
 * @throws OutboundError INVALID_REQUEST
 */
export function firstRequest(
  config: HttpConfig,
  ofAttempt: Record<string, string>,
  file: OpenFile | null,
  isSecret: (text: string) => boolean,
): HttpRequest {
  const { method, bodyFormat, auth } = config;
  const [authName, authValue] = authHeader(auth);
  const contentType = bodyFormat === 'file' ? (file?.mimeType ?? '') : contentTypes[bodyFormat];
  const defaults: [string, string][] = [
    ['user-agent', 'weft'],
    ...Object.entries(ofAttempt),
    ...(config.body === undefined ? [] : [['content-type', contentType] as [string, string]]),
    ...(authName === undefined ? [] : [[authName, authValue] as [string, string]]),
  ];
  const given = lowerCased(config.headers);
  const added = Object.fromEntries(defaults);
  if (given.traceparent !== undefined) delete added.tracestate; // which is of the other trace
  const withSecrets = Object.keys(given).filter((name) => isSecret(given[name]!));
  return {
    method,
    url: withQuery(checkedUrl(config.url), config.query),
    headers: { ...added, ...given },
    secretHeaders: authName === undefined ? withSecrets : [authName, ...withSecrets],
    body: file ?? bodyOf(config.body, bodyFormat),
    bodyFormat,
  };
}

/** @throws OutboundError INVALID_REQUEST */
export function followingRequest(before: HttpRequest, next: unknown, idempotencyKey: string): HttpRequest {
  const { url, query, headers, ...changes } = nextPageOf(next);
  const to = url === undefined ? before.url : resolve(url, before.url);
  const isElsewhere = to.origin !== before.url.origin;
  const kept = Object.entries(before.headers).filter(
    ([name]) => !(isElsewhere && before.secretHeaders.includes(name)),
  );
  return {
    ...before,
    url: withQuery(to, query ?? {}),
    headers: {
      ...Object.fromEntries(kept),
      'idempotency-key': idempotencyKey,
      ...lowerCased(headers ?? {}),
    },
    body: 'body' in changes ? bodyOf(changes.body, before.bodyFormat) : before.body,
  };
}

const contentTypes = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  text: 'text/plain; charset=utf-8',
};

function authHeader(auth: HttpConfig['auth']): [string, string] | [] {
  switch (auth?.type) {
    case 'bearer':
      return ['authorization', `Bearer ${auth.token}`];
    case 'basic':
      return [
        'authorization',
        `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`,
      ];
    case 'header':
      return [auth.name.toLowerCase(), auth.value];
    case undefined:
      return [];
  }
}

function withQuery(url: URL, query: HttpConfig['query']): URL {
  const result = new URL(url);
  for (const [name, value] of Object.entries(query)) {
    result.searchParams.delete(name);
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== null) result.searchParams.append(name, textOf(each));
  }
  return result;
}

function bodyOf(body: unknown, format: HttpConfig['bodyFormat']): string | undefined {
  if (body === undefined || body === null) return undefined;
  if (format === 'file') throw invalid('Expected `nextPage` to leave the body as it is, which is a file.');
  if (format === 'json') return JSON.stringify(body);
  if (format === 'text') return textOf(body);
  if (typeof body !== 'object' || Array.isArray(body))
    throw invalid(`Expected the body of a form to be an object of fields, got ${describeValue(body)}.`);
  const fields = Object.entries(body).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each) => [name, textOf(each)] as [string, string]),
  );
  return new URLSearchParams(fields).toString();
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function nextPageOf(next: unknown): NextPage {
  if (typeof next === 'string') return { url: next };
  const known = ['url', 'query', 'headers', 'body'];
  const isObject = typeof next === 'object' && next !== null && !Array.isArray(next);
  const unknown = isObject ? Object.keys(next).find((key) => !known.includes(key)) : undefined;
  const { url, query, headers } = (isObject ? next : {}) as NextPage;
  const areHeaders = headers === undefined || Object.entries(headers).every(isHeader);
  const isQuery =
    query === undefined || (typeof query === 'object' && query !== null && !Array.isArray(query));
  if (
    isObject &&
    unknown === undefined &&
    (url === undefined || typeof url === 'string') &&
    isQuery &&
    areHeaders
  )
    return next as NextPage;
  throw invalid(
    `Expected \`nextPage\` to give a URL, or an object of ${known.join(', ')}, got ${unknown === undefined ? describeValue(next) : `the key \`${unknown}\``}.`,
  );
}

function isHeader([name, value]: [string, unknown]): boolean {
  return isHeaderName(name) && typeof value === 'string';
}

function resolve(url: string, base: URL): URL {
  const resolved = URL.parse(url, base.href);
  if (resolved === null) throw invalid(`Expected \`nextPage\` to give a URL, got ${url.slice(0, 200)}.`);
  return checkedUrl(resolved.href);
}

function invalid(message: string): OutboundError {
  return new OutboundError('INVALID_REQUEST', message);
}
