/** The same bytes in pieces of this size, the last of which may be shorter; none for no bytes. */
export async function* piecesOf(content: AsyncIterable<Buffer>, pieceBytes: number): AsyncIterable<Buffer> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of content) {
    parts.push(chunk);
    size += chunk.length;
    // A buffer takes 200 bytes beside its content: bytes that come one by one must not be kept as that many.
    if (size < pieceBytes && parts.length < MAX_PARTS) continue;
    let joined = Buffer.concat(parts, size);
    for (; joined.length >= pieceBytes; joined = joined.subarray(pieceBytes))
      yield joined.subarray(0, pieceBytes);
    parts = joined.length === 0 ? [] : [joined];
    size = joined.length;
  }
  if (size > 0) yield Buffer.concat(parts, size);
}

const MAX_PARTS = 1_000;

/** The first bytes of the content, and what follows: null where these are all, which is at most `maxBytes`. */
export async function takeStart(
  content: AsyncIterable<Buffer>,
  maxBytes: number,
): Promise<{ start: Buffer; rest: AsyncIterable<Buffer> | null }> {
  const chunks = content[Symbol.asyncIterator]();
  let start: Buffer[] = [];
  let size = 0;
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    start.push(next.value);
    size += next.value.length;
    if (size > maxBytes)
      return { start: Buffer.concat(start, size), rest: { [Symbol.asyncIterator]: () => chunks } };
    if (start.length === MAX_PARTS) start = [Buffer.concat(start, size)];
  }
  return { start: Buffer.concat(start, size), rest: null };
}

export async function* prepended(start: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield start;
  yield* rest;
}

export async function joined(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const { start } = await takeStart(content, Number.POSITIVE_INFINITY);
  return start;
}
