import { RE2JS } from 're2js';

/** What a `pattern` is compiled to. */
export interface Pattern {
  test(text: string): boolean;
}

/** Why a pattern cannot be matched in linear time. */
export class NotLinear extends Error {}

/**
 * Compiles a regular expression of ECMAScript (with the flag `u`, as JSON Schema has it) for an engine that matches in
 * time linear in the text. The engine reads the syntax of RE2, so the pattern is translated, token by token. Own code:
 * the translation of re2js leaves `\s`, `.` and `\p{…}` with the meaning that RE2 gives them.
 * @throws SyntaxError for what is no regular expression, NotLinear for one that needs a back-reference or looks around
 */
export function compileLinear(source: string): Pattern {
  // linear: nothing is matched with it. The translation relies on valid syntax.
  new RegExp(source, 'u');
  const translated = translate(source);
  try {
    const compiled = RE2JS.compile(translated);
    return { test: (text) => compiled.test(text) };
  } catch (error) {
    if (/repeat/.test(String(error))) throw new NotLinear('it repeats something more than 1000 times');
    throw new NotLinear('it is too complex');
  }
}

function translate(source: string): string {
  const reader = new Reader(source);
  let out = '';
  while (!reader.atEnd) {
    const character = reader.next();
    if (character === '\\') out += escapeOutsideClass(reader);
    else if (character === '.') out += '[^\\n\\r\\x{2028}\\x{2029}]';
    else if (character === '[') out += classOf(reader);
    else if (character === '(') out += groupStart(reader);
    else if (/^[\^$*+?|)]$/.test(character)) out += character;
    else if (character === '{') out += `{${reader.until('}')}}`;
    else out += codePoint(character.codePointAt(0)!);
  }
  return out;
}

/** No group needs to be captured. */
function groupStart(reader: Reader): string {
  if (!reader.skip('?')) return '(?:';
  if (reader.skip(':')) return '(?:';
  const sign = reader.next();
  const isBehind = sign === '<' && (reader.skip('=') || reader.skip('!'));
  if (isBehind || sign === '=' || sign === '!') throw new NotLinear('it looks ahead or behind');
  if (sign !== '<') throw new NotLinear('it changes its flags inside');
  reader.until('>');
  return '(?:';
}

function escapeOutsideClass(reader: Reader): string {
  const letter = reader.peek();
  if (/[1-9k]/.test(letter)) throw new NotLinear('it refers back to a group');
  if (/[bB]/.test(letter)) return `\\${reader.next()}`;
  const set = setOf(reader);
  return set === null ? codePoint(reader.escapedCodePoint()) : `[${set}]`;
}

function classOf(reader: Reader): string {
  const isNegated = reader.skip('^');
  let out = '';
  while (!reader.skip(']')) out += classItem(reader);
  if (out === '') return isNegated ? ANY : `[^${ANY.slice(1)}`;
  return `[${isNegated ? '^' : ''}${out}]`;
}

function classItem(reader: Reader): string {
  const set = reader.peek() === '\\' ? setAfterBackslash(reader) : null;
  if (set !== null) return set;
  const first = reader.classCodePoint();
  // A hyphen before the end of the class is a hyphen; before a set, it would be no valid syntax.
  if (reader.peek() !== '-' || reader.peek(1) === ']') return codePoint(first);
  reader.next();
  return `${codePoint(first)}-${codePoint(reader.classCodePoint())}`;
}

function setAfterBackslash(reader: Reader): string | null {
  reader.next();
  const set = setOf(reader);
  if (set === null) reader.back();
  return set;
}

/** What stands in the brackets of a class for an escape that names a set; null for an escape that is one character. */
function setOf(reader: Reader): string | null {
  const letter = reader.peek();
  if (/[dDwW]/.test(letter)) return `\\${reader.next()}`;
  if (/[sS]/.test(letter)) return rangesOf(`\\${reader.next()}`);
  if (/[pP]/.test(letter)) return rangesOf(`\\${reader.next()}${reader.until('}')}}`);
  return null;
}

const ANY = '[\\x{0}-\\x{10ffff}]';
const MAX_KNOWN_SETS = 200;
const knownSets = new Map<string, string>();

/** The code points that the engine of JavaScript has in such a set: its Unicode is the one that authors know. */
function rangesOf(set: string): string {
  const known = knownSets.get(set);
  if (known !== undefined) return known;
  // linear: one set, repeated
  const members = new RegExp(`${set}+`, 'gu');
  const runs = allCodePoints().flatMap((text) => [...text.matchAll(members)].map(([run]) => run));
  const ranges = runs.map((run) => `${codePoint(run.codePointAt(0)!)}-${codePoint(lastCodePoint(run))}`);
  if (members.test('\ud800')) ranges.push(`${codePoint(0xd800)}-${codePoint(0xdfff)}`);
  if (knownSets.size >= MAX_KNOWN_SETS) knownSets.clear();
  knownSets.set(set, ranges.join(''));
  return ranges.join('');
}

let allText: string[] | null = null;

/** In order, before and behind the halves of surrogate pairs, of which two side by side would be one code point. */
function allCodePoints(): string[] {
  allText ??= [textFrom(0, 0xd800), textFrom(0xe000, 0x110000)];
  return allText;
}

function textFrom(start: number, end: number): string {
  const pieces: string[] = [];
  for (let from = start; from < end; from += PIECE)
    pieces.push(String.fromCodePoint(...Array.from({ length: PIECE }, (_, n) => from + n)));
  return pieces.join('');
}

/** Divides both parts; as many arguments as a call may have. */
const PIECE = 0x800;

const lastCodePoint = (text: string) => [...text.slice(-2)].at(-1)!.codePointAt(0)!;
const codePoint = (value: number) => `\\x{${value.toString(16)}}`;

/** Reads a valid pattern character by character. */
class Reader {
  private readonly characters: string[];
  private at = 0;

  constructor(source: string) {
    this.characters = [...source];
  }

  get atEnd(): boolean {
    return this.at >= this.characters.length;
  }

  peek(ahead = 0): string {
    return this.characters[this.at + ahead] ?? '';
  }

  next(): string {
    this.at += 1;
    return this.characters[this.at - 1]!;
  }

  back(): void {
    this.at -= 1;
  }

  skip(character: string): boolean {
    const isThere = this.peek() === character;
    if (isThere) this.at += 1;
    return isThere;
  }

  /** What stands before the next such character, which is passed over. */
  until(character: string): string {
    let text = '';
    for (let next = this.next(); next !== character; next = this.next()) text += next;
    return text;
  }

  /** A character of a class, escaped or not. */
  classCodePoint(): number {
    const character = this.next();
    if (character !== '\\') return character.codePointAt(0)!;
    return this.skip('b') ? 8 : this.escapedCodePoint();
  }

  /** The character behind a backslash. */
  escapedCodePoint(): number {
    const letter = this.next();
    switch (letter) {
      case 'u':
        return this.unicodeEscape();
      case 'x':
        return this.hex(2);
      case 'c':
        return this.next().charCodeAt(0) % 32;
      default:
        return CONTROLS[letter] ?? letter.codePointAt(0)!;
    }
  }

  private unicodeEscape(): number {
    if (this.skip('{')) return Number.parseInt(this.until('}'), 16);
    const first = this.hex(4);
    const mayBePair = first >= 0xd800 && first <= 0xdbff && this.peek() === '\\' && this.peek(1) === 'u';
    if (!mayBePair || this.peek(2) === '{') return first;
    const from = this.at;
    this.at += 2;
    const second = this.hex(4);
    if (second >= 0xdc00 && second <= 0xdfff) return (first - 0xd800) * 0x400 + (second - 0xdc00) + 0x10000;
    this.at = from;
    return first;
  }

  private hex(digits: number): number {
    return Number.parseInt(Array.from({ length: digits }, () => this.next()).join(''), 16);
  }
}

const CONTROLS: Record<string, number> = { '0': 0, t: 9, n: 10, v: 11, f: 12, r: 13 };
