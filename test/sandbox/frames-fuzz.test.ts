import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  cellFrameSchema,
  encodeFrame,
  FrameDecoder,
  FrameError,
  serverFrameSchema,
} from '../../server/sandbox/frames.ts';
import { projectRoot } from '../../server/shared/paths.ts';

const MAX_BYTES = 4096;
const RUNS = 2_000;

const text = fc.string({ unit: 'binary', maxLength: 50 });
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const goodFrame = fc.oneof(
  fc.record({ kind: fc.constant('ready') }),
  fc.record({ kind: fc.constant('result'), json: text }),
  fc.record({
    kind: fc.constant('progress'),
    current: number,
    total: nullable(number),
    unit: nullable(text),
    message: nullable(text),
    source: fc.constantFrom('progress', 'tqdm'),
  }),
);
/** Frames as an attacker would make them: known kinds with wrong fields, unknown kinds, no objects at all. */
const oddFrame = fc
  .oneof(
    fc.json().map((json) => Buffer.from(json)),
    fc
      .tuple(
        fc.constantFrom('ready', 'result', 'error', 'progress', 'violation', 'findings', 'exit', '__proto__'),
        fc.dictionary(
          fc.constantFrom('json', 'error', 'violation', 'findings', 'current', '__proto__', 'constructor'),
          fc.jsonValue(),
        ),
      )
      .map(([kind, fields]) => Buffer.from(JSON.stringify({ kind, ...fields }))),
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  )
  .map(withLength);

test('whatever pieces frames arrive in, they come out whole and in order', () => {
  fc.assert(
    fc.property(fc.array(goodFrame, { maxLength: 8 }), fc.array(fc.nat(200)), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map((frame) => encodeFrame(frame)));
      const decoder = new FrameDecoder(cellFrameSchema, MAX_BYTES);
      const out = cut(bytes, cuts).flatMap((piece) => [...decoder.feed(piece)]);
      expect(out).toEqual(frames.map((frame) => JSON.parse(JSON.stringify(frame))));
    }),
    { numRuns: RUNS },
  );
});

test.each([
  ['a cell', cellFrameSchema],
  ['the fork-server', serverFrameSchema],
])('whatever %s sends is a frame of the protocol or a FrameError, and nothing else', (_who, schema) => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    oddFrame,
  );
  fc.assert(
    fc.property(fc.array(noise, { maxLength: 6 }), fc.array(fc.nat(50)), (parts, cuts) => {
      const decoder = new FrameDecoder<{ kind: string }>(schema, MAX_BYTES);
      try {
        for (const piece of cut(Buffer.concat(parts), cuts)) {
          for (const frame of decoder.feed(piece)) expect(schema.safeParse(frame).success).toBe(true);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
      }
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    }),
    { numRuns: RUNS },
  );
});

test('a length over the limit is refused before any of its body is kept', () => {
  fc.assert(
    fc.property(fc.integer({ min: MAX_BYTES + 1, max: 2 ** 32 - 1 }), (length) => {
      const header = Buffer.alloc(4);
      header.writeUInt32BE(length);
      const decoder = new FrameDecoder(cellFrameSchema, MAX_BYTES);
      expect(() => [...decoder.feed(header)]).toThrow(FrameError);
    }),
  );
});

test('a frame nested too deep for a parser is a FrameError', () => {
  const decoder = new FrameDecoder(cellFrameSchema, 2 ** 24);
  const nested = withLength(Buffer.from(`{"kind":"result","json":${'['.repeat(5_000_000)}`));
  expect(() => [...decoder.feed(nested)]).toThrow(FrameError);
});

test('a frame that arrives byte by byte is not kept as that many buffers', () => {
  const decoder = new FrameDecoder(cellFrameSchema, 2 ** 24);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(2 ** 24);
  expect([...decoder.feed(header)]).toEqual([]);
  const internals = decoder as unknown as { parts: Buffer[] };
  let most = 0;
  for (let i = 0; i < 100_000; i += 1) {
    expect(decoder.feed(Buffer.alloc(1)).next().done).toBe(true);
    most = Math.max(most, internals.parts.length);
  }
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(1_001);
});

test("Python's reader returns every frame whole, in whatever pieces it arrives", () => {
  const samples = fc.sample(
    fc.tuple(fc.array(goodFrame, { maxLength: 6 }), fc.array(fc.nat(60), { maxLength: 30 })),
    300,
  );
  const cases = samples.map(([frames, cuts]) => ({
    pieces: cut(Buffer.concat(frames.map((frame) => encodeFrame(frame))), cuts).map((piece) =>
      piece.toString('hex'),
    ),
    frames: frames.map((frame) => JSON.parse(JSON.stringify(frame))),
  }));
  const read = runInPython(
    'read',
    cases.map(({ pieces }) => pieces),
  );
  expect(read).toEqual(cases.map(({ frames }) => ({ stream: frames, socket: frames })));
});

test('what Python encodes, Node decodes, lone surrogates and all', () => {
  const frames = fc.sample(
    fc.record({ kind: fc.constant('result'), json: fc.string({ unit: 'binary' }) }),
    300,
  );
  const bytes = Buffer.from(runInPython('write', frames) as string, 'hex');
  const decoder = new FrameDecoder(cellFrameSchema, MAX_BYTES);
  expect([...decoder.feed(bytes)]).toEqual(frames);
});

test("garbage ends in Python's reader as an error of JSON or as nothing, never as a hang or a crash", () => {
  const noise = fc.sample(
    fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      oddFrame,
    ),
    500,
  );
  const read = runInPython(
    'garbage',
    noise.map((bytes) => bytes.toString('hex')),
  ) as string[];
  expect(new Set(read.filter((kind) => !['frames', 'ValueError', 'RecursionError'].includes(kind)))).toEqual(
    new Set(),
  );
});

const PYTHON = `
import json, socket, sys
sys.path.insert(0, sys.argv[1])
from frames import FrameReader, encode_frame, read_frame
what, cases = json.load(sys.stdin)

def by_stream(pieces):
    reader = FrameReader()
    return [frame for piece in pieces for frame in reader.feed(piece)]

def by_socket(pieces):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        for piece in pieces: theirs.sendall(piece)
        theirs.shutdown(socket.SHUT_WR)
        ours.settimeout(5)
        return list(iter(lambda: read_frame(ours), None))

def outcome(data):
    for read in (by_stream, by_socket):
        try: read([data])
        except ValueError: return 'ValueError'  # json.JSONDecodeError and UnicodeDecodeError are ones
        except Exception as error: return type(error).__name__
    return 'frames'

if what == 'read':
    pieces = [[bytes.fromhex(piece) for piece in case] for case in cases]
    print(json.dumps([{'stream': by_stream(p), 'socket': by_socket(p)} for p in pieces]))
elif what == 'write':
    print(json.dumps(b''.join(map(encode_frame, cases)).hex()))
else:
    print(json.dumps([outcome(bytes.fromhex(case)) for case in cases]))
`;

function runInPython(what: string, cases: unknown): unknown {
  const args = ['-I', '-c', PYTHON, join(projectRoot, 'server/sandbox/python')];
  const options = {
    input: JSON.stringify([what, cases]),
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    timeout: 30_000,
  } as const;
  return JSON.parse(execFileSync('python3', args, options));
}

function withLength(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** Cuts the bytes into pieces of these sizes; the last piece has the rest. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let start = 0;
  for (const size of sizes) {
    pieces.push(bytes.subarray(start, start + size));
    start += size;
  }
  return [...pieces, bytes.subarray(start)];
}

test('characters that Postgres refuses are replaced in violations, and refused in the name of a file', () => {
  const decoder = new FrameDecoder(cellFrameSchema, MAX_BYTES);
  const fields = { code: 'PYTHON_SECURITY_ERROR', layer: 'RUNTIME', line: null, column: null };
  const violation = { ...fields, rule: 'a\ud800', message: 'b\0\udfff\ud83d\ude00' };
  expect([...decoder.feed(encodeFrame({ kind: 'violation', violation }))]).toEqual([
    { kind: 'violation', violation: { ...violation, rule: 'a\ufffd', message: 'b\ufffd\ufffd\ud83d\ude00' } },
  ]);
  const artifact = { kind: 'artifact', id: 'art_1', name: 'a\ud800.txt', mimeType: 'text/plain', data: '' };
  expect(() => [...decoder.feed(encodeFrame(artifact))]).toThrow(FrameError);
});
