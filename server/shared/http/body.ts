import type { IncomingMessage, ServerResponse } from 'node:http';
import { coerceError } from '../errors.ts';
import { countContainers } from '../json-size.ts';
import { HttpError } from './http-error.ts';

export interface BodyLimits {
  maxBytes: number;
  /** Lists and objects, which are slow to parse for their size. Without this limit any number is accepted. */
  maxContainers?: number;
}

/**
 * Reads a JSON body within the limits. A body of too many bytes is refused as soon as its size is known (by its
 * Content-Length before anything is read) and never held in memory. Throws HttpError 400, 413 or 415.
 */
export async function readJsonBody(
  request: IncomingMessage,
  response: ServerResponse,
  { maxBytes, maxContainers }: BodyLimits,
): Promise<unknown> {
  requireJson(request);
  const text = (await readBody(request, response, maxBytes)).toString('utf8');
  if (maxContainers !== undefined && countContainers(text, maxContainers) > maxContainers)
    throw tooLarge(tooManyContainers(maxContainers));
  return parseJson(text);
}

/** The same for a body of any type, as the bytes that it is. Throws HttpError 400, 413 or 415. */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
): Promise<Buffer> {
  requireUnpacked(request);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(payloadTooLarge(maxBytes));
  if (request.headers.expect !== undefined) response.writeContinue();
  return readWithin(request, maxBytes);
}

export const payloadTooLarge = (maxBytes: number): string =>
  `Expected at most ${maxBytes} bytes (${maxBytes / 1024 / 1024} MiB), got more. ${SEND_LESS}`;

export const tooManyContainers = (maxContainers: number): string =>
  `Expected JSON of at most ${maxContainers} lists and objects, got more. ${SEND_LESS}`;

const SEND_LESS = 'Send less at once: split it over several executions.';

/** A buffer occupies 200 bytes beside its content: a body sent byte by byte must not become one buffer a byte. */
const CHUNKS_A_PIECE = 1_000;

function requireJson(request: IncomingMessage): void {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw unsupported(`Expected Content-Type application/json, got ${type ?? 'none'}.`);
  }
}

function requireUnpacked(request: IncomingMessage): void {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw unsupported(`Expected a body without Content-Encoding, got ${encoding}. Send it uncompressed.`);
  }
}

async function readWithin(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const chunks: Buffer[] = [];
  let size = 0;
  // Not `for await`: to leave that loop early destroys the request, and the refusal with it.
  return await new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        if (chunks.length === CHUNKS_A_PIECE) pieces.push(Buffer.concat(chunks.splice(0)));
      } else {
        pieces.length = chunks.length = 0;
        reject(tooLarge(payloadTooLarge(maxBytes)));
      }
    });
    request.once('end', () => resolve(Buffer.concat([...pieces, ...chunks])));
    const onPart = () => reject(new HttpError(400, 'BAD_REQUEST', 'Expected a whole body, got a part.'));
    request.once('close', () => request.complete || onPart());
    // The client broke the connection: its ECONNRESET must not be mistaken for the database's.
    request.once('error', onPart);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpError(
      400,
      'BAD_REQUEST',
      `Expected the body to be JSON such as {"query": "…"}, got: ${coerceError(error).message}`,
    );
  }
}

function tooLarge(message: string): HttpError {
  return new HttpError(413, 'PAYLOAD_TOO_LARGE', message);
}

function unsupported(message: string): HttpError {
  return new HttpError(415, 'UNSUPPORTED_MEDIA_TYPE', message);
}
