/**
 * Finds many patterns in one pass over bytes, as Aho and Corasick do (1975): each byte costs a bounded number of steps on
 * average, however many patterns there are. The letters A to Z count as a to z.
 */
export interface Automaton {
  /** The state after one more byte; 0 is where it starts. */
  next(state: number, byte: number): number;
  /** How many of the last bytes may be the beginning of a pattern. */
  depth(state: number): number;
  /** The length of the longest pattern that ends here; 0 where none does. */
  found(state: number): number;
}

const ROOT = 0;
const BYTES = 256;

export function makeAutomaton(patterns: readonly Uint8Array[]): Automaton {
  const size = 1 + patterns.reduce((sum, { length }) => sum + length, 0);
  // A state's children are a linked list: most states have one.
  const bytes = new Uint8Array(size);
  const firstChild = new Int32Array(size);
  const sibling = new Int32Array(size);
  const fallback = new Int32Array(size);
  const depths = new Uint16Array(size);
  const lengths = new Uint16Array(size);
  const fromRoot = new Int32Array(BYTES);
  let states = 1;

  for (const pattern of patterns) add(pattern);
  linkFallbacks();
  return { next, depth: (state) => depths[state]!, found: (state) => lengths[state]! };

  function add(pattern: Uint8Array): void {
    let state = ROOT;
    for (const byte of pattern) {
      const folded = fold(byte);
      state = childOf(state, folded) || addChild(state, folded);
    }
    lengths[state] = pattern.length;
  }

  function addChild(parent: number, byte: number): number {
    const child = states++;
    bytes[child] = byte;
    depths[child] = depths[parent]! + 1;
    sibling[child] = firstChild[parent]!;
    firstChild[parent] = child;
    if (parent === ROOT) fromRoot[byte] = child;
    return child;
  }

  /** 0 for none: the root is nobody's child. */
  function childOf(state: number, byte: number): number {
    if (state === ROOT) return fromRoot[byte]!;
    let child = firstChild[state]!;
    while (child !== 0 && bytes[child] !== byte) child = sibling[child]!;
    return child;
  }

  /** Breadth first, so that the fallbacks of shorter beginnings are there. */
  function linkFallbacks(): void {
    const queue = new Int32Array(states);
    let end = 0;
    for (const child of fromRoot) if (child !== 0) queue[end++] = child;
    for (let at = 0; at < end; at += 1) {
      const state = queue[at]!;
      if (lengths[state] === 0) lengths[state] = lengths[fallback[state]!]!;
      for (let child = firstChild[state]!; child !== 0; child = sibling[child]!) {
        fallback[child] = step(fallback[state]!, bytes[child]!);
        queue[end++] = child;
      }
    }
  }

  function step(from: number, byte: number): number {
    for (let state = from; ; state = fallback[state]!) {
      const child = childOf(state, byte);
      if (child !== 0 || state === ROOT) return child;
    }
  }

  function next(state: number, byte: number): number {
    return step(state, fold(byte));
  }
}

/** A to Z become a to z. */
function fold(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}
