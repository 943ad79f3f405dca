import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import { Agent, type Dispatcher, request } from 'undici';
import { backoffMs } from '../shared/backoff.ts';
import { coerceError } from '../shared/errors.ts';
import type { ContentStore } from './content-store.ts';
import { FileError } from './file-error.ts';

export interface S3Options {
  bucket: string;
  /** Before each key; empty or ending in a slash. */
  prefix: string;
  /** Of a store other than Amazon's, where the bucket is part of the path. */
  endpoint: string | null;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** Content as objects of a bucket of any store that speaks the S3 protocol. */
export function makeS3Store(options: S3Options): ContentStore {
  const dispatcher = new Agent({ headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  const send = (method: 'PUT' | 'GET' | 'DELETE', key: string, content?: Spool) =>
    sendSigned(options, dispatcher, method, key, content);
  return {
    async write(key, content) {
      await using spool = await openSpool(content);
      await (await send('PUT', key, spool)).body.dump();
    },
    async *read(key) {
      try {
        yield* (await send('GET', key)).body;
      } catch (error) {
        throw error instanceof FileError ? error : storeError(coerceError(error).message, error);
      }
    },
    async delete(key) {
      await (await send('DELETE', key)).body.dump();
    },
  };
}

const TIMEOUT_MS = 30_000;
const MAX_TRIES = 4;
const BACKOFF = { initialMs: 100, maxMs: 2_000 };

async function sendSigned(
  options: S3Options,
  dispatcher: Dispatcher,
  method: 'PUT' | 'GET' | 'DELETE',
  key: string,
  content: Spool | undefined,
): Promise<Dispatcher.ResponseData> {
  const url = urlOf(options, key);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const headers = await signedHeaders(options, method, url, content?.sha256 ?? EMPTY_SHA256);
      const response = await request(url, {
        dispatcher,
        method,
        headers: { ...headers, ...(content && { 'content-length': String(content.sizeBytes) }) },
        body: content?.read() ?? null,
      });
      const { statusCode: status } = response;
      if (status < 300 || (method === 'DELETE' && status === 404)) return response;
      const answer = (await response.body.text()).slice(0, 500);
      if (status < 500 || attempt === MAX_TRIES) throw storeError(`it answered ${status}: ${answer}`);
    } catch (error) {
      if (error instanceof FileError) throw error;
      if (attempt === MAX_TRIES) throw storeError(coerceError(error).message, error);
    }
    await delay(backoffMs(attempt, BACKOFF));
  }
}

function urlOf({ bucket, prefix, endpoint, region }: S3Options, key: string): string {
  const base = endpoint === null ? `https://${bucket}.s3.${region}.amazonaws.com` : `${endpoint}/${bucket}`;
  return `${base}/${[...prefix.split('/'), key].filter(Boolean).map(encodeURIComponent).join('/')}`;
}

async function signedHeaders(
  { region, accessKeyId, secretAccessKey }: S3Options,
  method: string,
  url: string,
  sha256: string,
): Promise<Record<string, string>> {
  const headers = { 'x-amz-content-sha256': sha256 };
  const signer = new AwsV4Signer({
    method,
    url,
    headers,
    service: 's3',
    region,
    accessKeyId,
    secretAccessKey,
  });
  return Object.fromEntries((await signer.sign()).headers.entries());
}

const EMPTY_SHA256 = createHash('sha256').digest('hex');

/** Content whose length and hash, which S3 needs before the first byte, are known. */
interface Spool extends AsyncDisposable {
  sizeBytes: number;
  sha256: string;
  read(): Readable;
}

/** In a temporary file without a name, which is gone when it is closed, and when the process ends in any way. */
async function openSpool(content: AsyncIterable<Buffer>): Promise<Spool> {
  const path = join(tmpdir(), `weft-file-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    const hash = createHash('sha256');
    let sizeBytes = 0;
    for await (const chunk of content) {
      hash.update(chunk);
      await writeAll(file, chunk);
      sizeBytes += chunk.length;
    }
    return {
      sizeBytes,
      sha256: hash.digest('hex'),
      read: () => Readable.from(readAll(file)),
      [Symbol.asyncDispose]: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Not a stream of the file, which closes it with the first request that fails. */
async function* readAll(file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(READ_BYTES), position });
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

const READ_BYTES = 256 * 1024;

async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let written = 0; written < chunk.length; )
    written += (await file.write(chunk, written, chunk.length - written)).bytesWritten;
}

function storeError(problem: string, cause?: unknown): FileError {
  return new FileError('FILE_STORE_ERROR', `The store of files (WEFT_FILES_URL) failed: ${problem}`, {
    cause,
  });
}
