import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { WeftError } from '../errors.ts';

/** A fault of the request itself, with an HTTP status beside its code. */
export class HttpError extends WeftError {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;

  constructor(status: number, code: string, message: string, headers: OutgoingHttpHeaders = {}) {
    super(code, message);
    this.name = 'HttpError';
    this.status = status;
    this.headers = headers;
  }
}

export function methodNotAllowed({ method }: Pick<IncomingMessage, 'method'>, allow: string): HttpError {
  return new HttpError(405, 'METHOD_NOT_ALLOWED', `Expected ${allow}, got ${method}.`, { allow });
}

/** The body of every refusal has the shape of a GraphQL response, so that clients need one way to read errors. */
export function errorBody(error: WeftError): string {
  return JSON.stringify({ errors: [{ message: error.message, extensions: { code: error.code } }] });
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': jsonType }).end(JSON.stringify(body));
}

/** Responds with the error. A body that is still arriving is not kept: see `lingerThenClose`. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: HttpError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = errorBody(error);
  const isBodyArriving = !request.complete && request.headers.expect === undefined;
  response.writeHead(error.status, {
    ...error.headers,
    'content-type': jsonType,
    'content-length': Buffer.byteLength(body),
    ...(request.complete ? {} : { connection: 'close' }),
  });
  if (isBodyArriving) lingerThenClose(request, response, body);
  else response.end(body);
}

export const jsonType = 'application/json; charset=utf-8';

const maxLingerMs = 5_000;

/**
 * Closing a socket with unread input resets the connection, and the client may lose the response. So the whole response
 * is sent, further input is discarded for a few seconds, and only then the connection is closed.
 */
function lingerThenClose(request: IncomingMessage, response: ServerResponse, body: string): void {
  const timer = setTimeout(() => request.destroy(), maxLingerMs);
  request.once('end', () => response.end());
  request.once('close', () => clearTimeout(timer));
  response.write(body);
  request.resume();
}
