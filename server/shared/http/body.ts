import type { IncomingMessage, ServerResponse } from 'node:http';
import { coerceError } from '../errors.ts';
import { HttpError } from './http-error.ts';

/**
 * Reads a JSON body of at most `maxBytes`. A body that is too large is refused as soon as that is known (by its
 * Content-Length before anything is read) and never held in memory. Throws HttpError 400, 413 or 415.
 */
export async function readJsonBody(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
): Promise<unknown> {
  requireJson(request);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (request.headers.expect !== undefined) response.writeContinue();
  return parseJson(await readWithin(request, maxBytes));
}

export const payloadTooLarge = (maxBytes: number): string =>
  `Expected at most ${maxBytes} bytes (${maxBytes / 1024 / 1024} MiB), got more. Send less at once: keep large data in ` +
  'a file or a database that the workflow reads, or split it over several executions.';

function requireJson(request: IncomingMessage): void {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw unsupported(`Expected Content-Type application/json, got ${type ?? 'none'}.`);
  }
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw unsupported(`Expected a body without Content-Encoding, got ${encoding}. Send it uncompressed.`);
  }
}

async function readWithin(request: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Not `for await`: leaving that loop early destroys the request, and the refusal with it.
  return await new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
      } else {
        chunks.length = 0;
        reject(tooLarge(maxBytes));
      }
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.once('close', () => {
      if (!request.complete) reject(new HttpError(400, 'BAD_REQUEST', 'Expected a whole body, got a part.'));
    });
    request.once('error', reject);
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

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, 'PAYLOAD_TOO_LARGE', payloadTooLarge(maxBytes));
}

function unsupported(message: string): HttpError {
  return new HttpError(415, 'UNSUPPORTED_MEDIA_TYPE', message);
}
