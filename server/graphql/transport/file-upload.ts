import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from '../../auth/access.ts';
import { HttpError, methodNotAllowed, sendJson } from '../../shared/http/http-error.ts';
import { endpoints } from '../permissions.ts';
import { type Caller, originOf, principalFor } from './caller.ts';

export interface UploadDeps {
  access: Access;
  files: UploadTarget;
}

export interface UploadTarget {
  /** Of one file. */
  maxBytes: number;
  /** Gives what the client gets. @throws WeftError with one of the codes below, and what reading throws */
  save(caller: Caller, name: string, content: AsyncIterable<Buffer>): Promise<object>;
}

export const FILES_PATH = '/files';

/** The codes of what is wrong with an upload itself. */
const statuses: Readonly<Record<string, number>> = {
  INVALID_FILE_NAME: 400,
  FILE_TOO_LARGE: 413,
  STORAGE_LIMIT: 413,
  FILE_STORE_ERROR: 503,
};

/**
 * Keeps the body of `POST /files?name=report.xlsx` as a file, as it arrives; its type is what the name says. Gives
 * `{ id, name, mimeType, sizeBytes, url }`. What is not whole is not kept. @throws HttpError
 */
export async function receiveFile(
  { access, files }: UploadDeps,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const principal = await principalFor(access, request, endpoints.files);
  const caller = { principal, ...originOf(request), trace: null };
  if (request.method !== 'POST') throw methodNotAllowed(request, 'POST');
  const name = url.searchParams.get('name');
  if (name === null) throw new HttpError(400, 'INVALID_FILE_NAME', EXPECTED_NAME);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    const message = `Expected a body without Content-Encoding, got ${encoding}. Send the file as it is.`;
    throw new HttpError(415, 'UNSUPPORTED_MEDIA_TYPE', message);
  }
  if (/^multipart\//i.test(request.headers['content-type'] ?? '')) {
    const message =
      'Expected the bytes of one file as the body, got a multipart form. Send the file as it is.';
    throw new HttpError(415, 'UNSUPPORTED_MEDIA_TYPE', message);
  }
  if (Number(request.headers['content-length'] ?? 0) > files.maxBytes) throw tooLarge(files.maxBytes);
  if (request.headers.expect !== undefined) response.writeContinue();
  try {
    sendJson(response, 201, await files.save(caller, name, bodyOf(request)));
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    const status = statuses[code];
    throw status === undefined ? error : new HttpError(status, code, message);
  }
}

/** Not the request itself, whose iterator destroys it, and the refusal with it, where the loop is left early. */
async function* bodyOf(request: IncomingMessage): AsyncIterable<Buffer> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch {
    // The client broke the connection: its ECONNRESET must not be mistaken for the database's.
    throw new HttpError(400, 'BAD_REQUEST', 'Expected a whole file, got a part.');
  }
  if (!request.complete) throw new HttpError(400, 'BAD_REQUEST', 'Expected a whole file, got a part.');
}

const EXPECTED_NAME =
  'Expected the name of the file in the address, such as /files?name=report.xlsx, got none.';

function tooLarge(maxBytes: number): HttpError {
  const message = `Expected a file of at most ${maxBytes / 1024 / 1024} MiB (WEFT_MAX_FILE_MB), got more.`;
  return new HttpError(413, 'FILE_TOO_LARGE', message);
}
