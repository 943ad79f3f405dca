import type { z } from 'zod';
import { coerceError } from '../../shared/errors.ts';
import { MAX_MESSAGE_BYTES, PROTOCOL_VERSION } from '../service/protocol.ts';
import type { Answer } from './answer.ts';
import { ServiceFault } from './fault.ts';

export interface ReadLimits {
  /** Longest silence while a read is pending, milliseconds. */
  stallMs: number;
  maxAnswerBytes: number;
}

/**
 * The checked frames of an answer. Nothing is read while the caller processes a frame, so that a slow caller slows the
 * sender; at most one line is buffered. The caller stops at the last frame of the protocol: any other end throws.
 * @throws ServiceFault `broken` for silence, for the end of the answer, and for what is not a frame
 */
export async function* readFrames<Frame>(
  answer: Answer,
  schema: z.ZodType<Frame>,
  { stallMs, maxAnswerBytes }: ReadLimits,
): AsyncGenerator<Frame, never> {
  const lines = new LineDecoder();
  for (let received = 0; ; ) {
    const chunk = await nextChunk(answer, stallMs);
    received += chunk.length;
    if (received > maxAnswerBytes)
      throw new ServiceFault('broken', `it answered more than ${maxAnswerBytes} bytes`);
    for (const line of lines.feed(chunk)) yield parseMessage(schema, line);
  }
}

/** @throws ServiceFault `broken` for what is not a message of this version of the protocol */
export function parseMessage<Message>(schema: z.ZodType<Message>, text: string): Message {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ServiceFault('broken', `its answer is not JSON: ${excerpt(text)}`, cause);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const theirs = typeof value === 'object' && value !== null && 'v' in value ? value.v : undefined;
  if (typeof theirs === 'number' && theirs !== PROTOCOL_VERSION) {
    throw new ServiceFault(
      'broken',
      `it uses version ${theirs} of the sandbox protocol, expected version ${PROTOCOL_VERSION}; run the same version of Weft on both sides`,
    );
  }
  throw new ServiceFault('broken', `its answer is not a message of the sandbox protocol: ${excerpt(text)}`);
}

async function nextChunk(answer: Answer, stallMs: number): Promise<Buffer> {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    answer.destroy(new Error('the service is silent'));
  }, stallMs);
  try {
    const chunk = await answer.next();
    if (chunk !== null) return chunk;
  } catch (cause) {
    if (!isLate)
      throw new ServiceFault('broken', `the connection was lost: ${coerceError(cause).message}`, cause);
  } finally {
    clearTimeout(timer);
  }
  if (isLate) throw new ServiceFault('broken', `it was silent for ${stallMs} ms`);
  throw new ServiceFault('broken', 'it ended its answer before it was complete');
}

function excerpt(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** A Buffer takes 200 bytes beside its content, so a line that arrives byte by byte must not be kept as that many. */
const MAX_PARTS = 1_000;
const LINE_END = 10;

/** Turns bytes, as they arrive, into lines. */
class LineDecoder {
  private parts: Buffer[] = [];
  private size = 0;

  *feed(bytes: Buffer): Generator<string> {
    let start = 0;
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
      this.keep(bytes.subarray(start, end));
      start = end + 1;
      yield this.joinParts();
    }
    if (start < bytes.length) this.keep(bytes.subarray(start));
  }

  private keep(part: Buffer): void {
    this.size += part.length;
    if (this.size > MAX_MESSAGE_BYTES)
      throw new ServiceFault('broken', `it sent a line of more than ${MAX_MESSAGE_BYTES} bytes`);
    this.parts.push(part);
    if (this.parts.length > MAX_PARTS) this.parts = [Buffer.concat(this.parts)];
  }

  private joinParts(): string {
    const line = this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts);
    this.parts = [];
    this.size = 0;
    return line.toString('utf8');
  }
}
