/** About what a value takes as JSON text. */
export interface ValueSize {
  /** Characters; more where text has to be escaped. */
  bytes: number;
  /** Lists and objects: what parsing and writing it costs is mostly theirs. */
  containers: number;
}

/** A value that is in another many times counts as often: it is written out as often. */
export function sizeOf(value: unknown): ValueSize {
  if (typeof value === 'object' && value !== null) return measured.get(value) ?? measure(value);
  return { bytes: lengthOf(value), containers: 0 };
}

const measured = new WeakMap<object, ValueSize>();
/** Smaller ones are measured again where they are met again. */
const WORTH_REMEMBERING = 16;

function measure(value: object): ValueSize {
  const size = { bytes: 2, containers: 1 };
  const add = (part: unknown) => {
    const { bytes, containers } = sizeOf(part);
    size.bytes += bytes + 1;
    size.containers += containers;
  };
  if (Array.isArray(value)) value.forEach(add);
  else {
    for (const [key, part] of Object.entries(value)) {
      size.bytes += key.length + 3;
      add(part);
    }
  }
  if (size.containers >= WORTH_REMEMBERING) measured.set(value, size);
  return size;
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value === 'number') return Number.isInteger(value) ? digitsOf(value) : String(value).length;
  return 4;
}

function digitsOf(integer: number): number {
  let digits = integer < 0 ? 2 : 1;
  for (let rest = Math.abs(integer); rest >= 10 && digits < 24; rest /= 10) digits += 1;
  return digits;
}
