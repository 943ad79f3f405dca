/** The approximate size of a value as JSON text. */
export interface ValueSize {
  /** Counted as characters; escapes and characters beyond ASCII take more bytes. */
  bytes: number;
  /** The number of lists and objects, which most of the time of parsing and writing depends on. */
  containers: number;
}

/**
 * The limit of one value from any source: a client, Python, an expression or another node. Parsing a larger value would
 * block the server for seconds.
 */
export const MAX_VALUE: ValueSize = { bytes: 16 * 1024 * 1024, containers: 500_000 };

/** A value that occurs several times in another counts each time, because JSON repeats it. */
export function sizeOf(value: unknown): ValueSize {
  const size = { bytes: 0, containers: 0 };
  add(value, size);
  return size;
}

const measured = new WeakMap<object, ValueSize>();
/** Sizes of values with fewer containers are not kept: measuring again is cheaper. */
const WORTH_REMEMBERING = 16;

/** Allocates nothing, because it takes about as long as JSON.stringify. */
function add(value: unknown, size: ValueSize): void {
  if (typeof value === 'string') size.bytes += value.length + 3;
  else if (typeof value === 'number') size.bytes += lengthOf(value) + 1;
  else if (typeof value !== 'object' || value === null) size.bytes += 5;
  else addContainer(value, size);
}

function addContainer(value: object, size: ValueSize): void {
  const known = measured.get(value);
  if (known !== undefined) {
    size.bytes += known.bytes;
    size.containers += known.containers;
    return;
  }
  const { bytes, containers } = size;
  size.bytes += 3;
  size.containers += 1;
  if (Array.isArray(value)) for (let n = 0; n < value.length; n++) add(value[n], size);
  else {
    for (const key in value) {
      size.bytes += key.length + 3;
      add((value as Record<string, unknown>)[key], size);
    }
  }
  if (size.containers - containers >= WORTH_REMEMBERING)
    measured.set(value, { bytes: size.bytes - bytes, containers: size.containers - containers });
}

function lengthOf(number: number): number {
  if (!Number.isInteger(number)) return String(number).length;
  let digits = number < 0 ? 2 : 1;
  for (let rest = Math.abs(number); rest >= 10 && digits < 24; rest /= 10) digits += 1;
  return digits;
}
