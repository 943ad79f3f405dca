import { z } from 'zod';
import { FILE_NAME } from '../shared/file-name.ts';
import { countContainers } from '../shared/json-size.ts';
import { SANDBOX_MIME_TYPE } from '../shared/mime-type.ts';
import { noticeCodes, pythonShapes } from './backend.ts';

/**
 * Frames between Node and the Python side; python/frames.py describes the protocol. A cell is untrusted: its frames are
 * bounded before they are parsed, checked after, and affect only the run of that cell.
 */

/** Of one violation in one frame: alerts add these numbers up. */
const MAX_COUNT = 1_000_000;

/** Of the JSON Schema of `main`'s parameters; python/signature.py bounds it as well. */
const MAX_INPUT_SCHEMA = 100_000;

/** As in python/network.py. */
const MAX_URL = 16_384;
const MAX_HEADERS = 100;

const findingSchema = z.object({
  rule: storable(200),
  message: storable(4000),
  line: z.int().min(1).nullable(),
  column: z.int().min(1).nullable(),
});

export const cellFrameSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('rehearsed') }),
  z.object({ kind: z.literal('unready'), message: z.string().max(1000) }),
  z.object({
    kind: z.literal('progress'),
    current: z.number(),
    total: z.number().nullable(),
    unit: z.string().max(200).nullable(),
    message: z.string().max(4000).nullable(),
    source: z.enum(['progress', 'tqdm']),
  }),
  z.object({
    kind: z.literal('violation'),
    violation: findingSchema.extend({
      code: z.literal('PYTHON_SECURITY_ERROR'),
      // A cell reports for the runtime wall alone, whatever layer it claims.
      layer: z.enum(['STATIC', 'RUNTIME', 'KERNEL']).transform(() => 'RUNTIME' as const),
    }),
    count: z.int().min(1).max(MAX_COUNT).optional(),
    isFatal: z.boolean().optional(),
  }),
  z.object({
    kind: z.literal('artifact'),
    id: z.string().max(100),
    name: z.string().regex(FILE_NAME),
    mimeType: z.string().regex(SANDBOX_MIME_TYPE),
    data: z.string(),
  }),
  z.object({ kind: z.literal('open-file'), number: z.int(), file: z.string().max(1_000) }),
  z.object({
    kind: z.literal('fetch'),
    number: z.int().min(1),
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']),
    url: z.string().max(MAX_URL),
    headers: z.array(z.tuple([z.string(), z.string()])).max(MAX_HEADERS),
    /** Base64. */
    body: z.string().nullable(),
  }),
  z.object({ kind: z.literal('abandon'), number: z.int().min(1) }),
  z.object({
    kind: z.literal('findings'),
    findings: z.array(findingSchema).max(1000),
    shape: z.enum(pythonShapes).nullable().default(null),
    /** JSON, parsed by whoever reads it. */
    inputSchema: z.string().max(MAX_INPUT_SCHEMA).nullable().default(null),
    imports: z
      .array(z.string().regex(/^[A-Za-z0-9._-]{1,200}$/))
      .max(100)
      .default([]),
  }),
  z.object({
    kind: z.literal('result'),
    json: z.string(),
    isFit: z.boolean().optional(),
    notices: z
      .array(z.object({ code: z.enum(noticeCodes), message: storable(4000) }))
      .max(noticeCodes.length)
      .optional(),
  }),
  z.object({
    kind: z.literal('error'),
    isFit: z.boolean().optional(),
    error: z.object({
      code: z.enum(['PYTHON_EXECUTION_ERROR', 'PYTHON_SECURITY_ERROR', 'PYTHON_MEMORY_LIMIT']),
      type: z.string().max(500).nullable(),
      message: z.string().max(100_000),
      traceback: z.string().max(200_000).nullable(),
      line: z.int().min(1).nullable(),
      column: z.int().min(1).nullable(),
      exitCode: z.int().nullable().optional(),
    }),
  }),
]);
export type CellFrame = z.infer<typeof cellFrameSchema>;
export type FinalFrame = Extract<CellFrame, { kind: 'result' | 'error' }>;

export const serverFrameSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('exit'),
    cell: z.int(),
    exitCode: z.int().nullable(),
    signal: z.int().nullable(),
    reason: z.enum(['memory', 'cpu', 'deadline']).nullable(),
    cpuMs: z.int(),
    maxRssKb: z.int(),
  }),
  z.object({ kind: z.literal('violation'), cell: z.int(), call: storable(200) }),
  z.object({ kind: z.literal('unavailable'), cell: z.int(), message: z.string() }),
]);
export type ServerFrame = z.infer<typeof serverFrameSchema>;
export type CellExit = Extract<ServerFrame, { kind: 'exit' }>;

/** Postgres extracts violations from JSON for the audit trail, and fails at NUL and at a lone surrogate. */
function storable(maxLength: number) {
  return z
    .string()
    .max(maxLength)
    .transform((text) => text.toWellFormed().replaceAll('\0', '\ufffd'));
}

const LENGTH_BYTES = 4;
/** Enough to hold the kind of a frame that begins with it. */
const HEAD_BYTES = 32;
/** Most frames are one or two objects; those with findings have 200 at most. */
const MAX_CONTAINERS = 1000;
/** A Buffer takes 200 bytes beside its content, so a frame that arrives byte by byte must not be kept as that many. */
const MAX_PARTS = 1000;

export function encodeFrame(frame: object): Buffer {
  const body = Buffer.from(JSON.stringify(frame));
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** The bytes are not a frame. The reader stops reading from their sender. */
export class FrameError extends Error {}

/**
 * Turns bytes, as they arrive, into frames. A length over the limit is an error before the body is kept, so that a
 * sender cannot make the reader hold or parse more than one frame. `longKinds` maps the kinds that may be longer to
 * their own limits; a frame of such a kind must begin with its kind.
 */
export class FrameDecoder<Frame> {
  private parts: Buffer[] = [];
  private size = 0;
  private allowsLong = true;

  constructor(
    private readonly schema: z.ZodType<Frame>,
    private readonly maxFrameBytes: number,
    private readonly longKinds: Readonly<Record<string, number>> = {},
  ) {}

  /** Whether from now on some kinds of frames may be longer than the others. */
  allowLongFrames(isAllowed: boolean): void {
    this.allowsLong = isAllowed;
  }

  *feed(bytes: Buffer): Generator<Frame> {
    this.parts.push(bytes);
    this.size += bytes.length;
    if (this.parts.length > MAX_PARTS) this.joinParts();
    for (let body = this.nextBody(); body; body = this.nextBody()) yield parseFrame(this.schema, body);
  }

  private nextBody(): Buffer | null {
    if (this.size < LENGTH_BYTES) return null;
    const length = this.peekLength();
    if (length > this.maxFrameBytes) this.checkLength(length);
    if (this.size < LENGTH_BYTES + length) return null;
    const all = this.joinParts();
    this.parts = [all.subarray(LENGTH_BYTES + length)];
    this.size -= LENGTH_BYTES + length;
    return all.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  }

  private peekLength(): number {
    return this.startOf(LENGTH_BYTES).readUInt32BE();
  }

  private checkLength(length: number): void {
    const longKinds = this.allowsLong ? this.longKinds : {};
    const longest = Math.max(this.maxFrameBytes, ...Object.values(longKinds));
    if (length <= longest && this.size < LENGTH_BYTES + HEAD_BYTES) return; // its kind has not arrived yet
    const head = this.startOf(LENGTH_BYTES + HEAD_BYTES).toString('latin1', LENGTH_BYTES);
    const kind = /^\{"kind":"(\w+)"/.exec(head)?.[1] ?? '';
    const maxBytes = Object.hasOwn(longKinds, kind) ? longKinds[kind]! : this.maxFrameBytes;
    if (length > maxBytes)
      throw new FrameError(`Expected a frame of at most ${maxBytes} bytes, got one of ${length}`);
  }

  /** A buffer with at least the first `bytes` of what arrived, or all where less has arrived. */
  private startOf(bytes: number): Buffer {
    const first = this.parts[0]!;
    return first.length >= bytes ? first : this.joinParts();
  }

  /** Called only when a whole frame has arrived or its length is split, so that a long frame is copied once. */
  private joinParts(): Buffer {
    if (this.parts.length > 1) this.parts = [Buffer.concat(this.parts)];
    return this.parts[0]!;
  }
}

function parseFrame<Frame>(schema: z.ZodType<Frame>, body: Buffer): Frame {
  const text = body.toString('utf8');
  if (countContainers(text, MAX_CONTAINERS) > MAX_CONTAINERS)
    throw new FrameError(`Expected a frame of at most ${MAX_CONTAINERS} lists and objects, got more`);
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success)
    throw new FrameError(`Expected a frame of the protocol: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FrameError('Expected a frame to be JSON', { cause });
  }
}
