import { type Automaton, makeAutomaton } from './automaton.ts';
import { formsOf } from './forms.ts';

/** What stands for a secret. No longer than the shortest of them, so that nothing outgrows its limit by it. */
export const MASK = '***';

/** Replaces secrets, in the forms that forms.ts lists, wherever they would be shown. */
export interface Masker {
  text(text: string): string;
  /** JSON with its texts masked, names of fields included, and numbers whose digits are a secret. */
  value(value: unknown): unknown;
  /** Null for a number whose digits are a secret. */
  number<N extends number | null>(number: N): N | null;
  bytes(bytes: Buffer): Buffer;
  stream(): MaskedStream;
}

/**
 * Bytes that come piece by piece. What may be the beginning of a secret is held back, at most 63 bytes, until it is known:
 * no pause ends that, or a program that waits between two halves would show both.
 */
export interface MaskedStream {
  add(bytes: Buffer): Buffer;
  /** What was held back. */
  end(): Buffer;
}

/**
 * A longer form is looked for as blocks of so many bytes: that bounds what a stream holds back, and a part of a long
 * secret is masked as well where it has a whole block.
 */
const BLOCK_BYTES = 64;

export function makeMasker(secrets: readonly string[]): Masker {
  const automaton = makeAutomaton(secrets.flatMap((secret) => [...formsOf(secret)].flatMap(blocksOf)));
  const mayBeNumber = secrets.some((secret) => /^\s*[-+\d.eE]+\s*$/.test(secret));
  const bytes = (whole: Buffer) => {
    const stream = new Stream(automaton);
    const start = stream.add(whole);
    const rest = stream.end();
    return rest.length === 0 ? start : Buffer.concat([start, rest]);
  };
  const text = (whole: string) => {
    const before = Buffer.from(whole);
    const after = bytes(before);
    return after.equals(before) ? whole : after.toString();
  };

  const number = <N extends number | null>(whole: N): N | null =>
    whole === null || !mayBeNumber || text(String(whole)) === String(whole) ? whole : null;

  function value(whole: unknown): unknown {
    if (typeof whole === 'string') return text(whole);
    if (typeof whole === 'number') return number(whole) ?? text(String(whole));
    if (whole === null || typeof whole !== 'object') return whole;
    if (Array.isArray(whole)) return whole.map(value);
    return Object.fromEntries(Object.entries(whole).map(([name, field]) => [text(name), value(field)]));
  }

  return { text, value, number, bytes, stream: () => new Stream(automaton) };
}

/** The masker of these values, which is made once as long as they are used. */
export function maskerOf(secrets: Readonly<Record<string, string>>): Masker {
  let masker = known.get(secrets);
  if (masker === undefined) {
    masker = makeMasker(Object.values(secrets));
    known.set(secrets, masker);
  }
  return masker;
}

const known = new WeakMap<object, Masker>();

function blocksOf(form: string): Buffer[] {
  const bytes = Buffer.from(form);
  if (bytes.length <= BLOCK_BYTES) return [bytes];
  const blocks: Buffer[] = [];
  for (let at = 0; at + BLOCK_BYTES < bytes.length; at += BLOCK_BYTES)
    blocks.push(bytes.subarray(at, at + BLOCK_BYTES));
  return [...blocks, bytes.subarray(bytes.length - BLOCK_BYTES)];
}

/** A part of what is held back that a mask stands for, or will. */
interface Hidden {
  start: number;
  end: number;
  isShown: boolean;
}

class Stream implements MaskedStream {
  private state = 0;
  private held: Buffer = Buffer.alloc(0);
  /** In order, without overlaps. What was shown last may be of length 0: what follows it at once is one with it. */
  private hidden: Hidden[] = [];

  constructor(private readonly automaton: Automaton) {}

  add(bytes: Buffer): Buffer {
    const { automaton } = this;
    const all = this.held.length === 0 ? bytes : Buffer.concat([this.held, bytes]);
    for (let at = this.held.length; at < all.length; at += 1) {
      this.state = automaton.next(this.state, all[at]!);
      const length = automaton.found(this.state);
      if (length > 0) this.hide(at + 1 - length, at + 1);
    }
    return this.show(all, all.length - automaton.depth(this.state));
  }

  end(): Buffer {
    this.state = 0;
    const rest = this.show(this.held, this.held.length);
    this.hidden = [];
    return rest;
  }

  private hide(from: number, end: number): void {
    let start = from;
    let isShown = false;
    for (let last = this.hidden.at(-1); last !== undefined && last.end >= start; last = this.hidden.at(-1)) {
      start = Math.min(start, last.start);
      isShown ||= last.isShown;
      this.hidden.pop();
    }
    this.hidden.push({ start, end, isShown });
  }

  /** No secret can begin before `until` any more. */
  private show(all: Buffer, until: number): Buffer {
    this.held = Buffer.from(all.subarray(until));
    if (this.hidden.length === 0) return all.subarray(0, until);
    const shown: Buffer[] = [];
    const later: Hidden[] = [];
    let at = 0;
    for (const hidden of this.hidden) {
      if (hidden.start >= until && !hidden.isShown) {
        later.push({ ...hidden, start: hidden.start - until, end: hidden.end - until });
        continue;
      }
      shown.push(all.subarray(at, hidden.start));
      if (!hidden.isShown) shown.push(MASKED);
      at = Math.min(hidden.end, until);
      if (hidden.end >= until) later.push({ start: 0, end: hidden.end - until, isShown: true });
    }
    shown.push(all.subarray(at, until));
    this.hidden = later;
    return Buffer.concat(shown);
  }
}

const MASKED = Buffer.from(MASK);
