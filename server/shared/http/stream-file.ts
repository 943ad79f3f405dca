import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** The content of a response whose head is written. A client that goes away meanwhile is no fault of anybody. */
export async function streamFile(response: ServerResponse, file: string): Promise<void> {
  try {
    await pipeline(createReadStream(file), response);
  } catch (error) {
    if (!hasLeft(error)) throw error;
  }
}

function hasLeft(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return ['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'EPIPE'].includes(code);
}
