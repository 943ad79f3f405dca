/** A piece of a line in one style. */
export interface AnsiSpan {
  text: string;
  /** Of the 16 colours of a terminal, or `#rrggbb`; undefined for the text's own. */
  color?: string | undefined;
  background?: string | undefined;
  isBold?: boolean;
  isDim?: boolean;
  isItalic?: boolean;
  isUnderlined?: boolean;
}

/**
 * A printed line as a terminal would show it: carriage returns and backspaces overwrite, SGR sequences colour, all other
 * sequences vanish, and other control characters become their pictures (`␀`). Linear in the length of the text. No
 * library: those that exist give HTML, or a terminal with a screen of its own.
 */
export function parseAnsi(raw: string): AnsiSpan[] {
  if (!hasControls.test(raw)) return raw === '' ? [] : [{ text: raw }];
  const cells: Cell[] = [];
  let column = 0;
  let style: Style = plain;
  for (let at = 0; at < raw.length; ) {
    const code = raw.charCodeAt(at);
    if (code === escapeCode) {
      const end = endOfSequence(raw, at);
      if (raw[at + 1] === '[' && raw[end - 1] === 'm') style = styled(style, raw.slice(at + 2, end - 1));
      else if (raw[at + 1] === '[' && raw[end - 1] === 'K') cells.length = Math.min(cells.length, column);
      at = end;
    } else if (code === carriageReturn) {
      column = 0;
      at += 1;
    } else if (code === backspace) {
      column = Math.max(0, column - 1);
      at += 1;
    } else {
      const character = String.fromCodePoint(raw.codePointAt(at)!);
      cells[column] = { text: pictured(character, code), style };
      column += 1;
      at += character.length;
    }
  }
  return spansOf(cells);
}

/** The text alone, as it is searched and copied. */
export function plainText(raw: string): string {
  if (!hasControls.test(raw)) return raw;
  return parseAnsi(raw)
    .map(({ text }) => text)
    .join('');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const hasControls = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const escapeCode = 0x1b;
const carriageReturn = 0x0d;
const backspace = 0x08;

type Style = Omit<AnsiSpan, 'text'>;

interface Cell {
  text: string;
  style: Style;
}

const plain: Style = {};

/** The place behind an escapeCode sequence; behind the escapeCode alone where it is none. */
function endOfSequence(raw: string, start: number): number {
  const kind = raw[start + 1];
  if (kind === '[') {
    let at = start + 2;
    while (at < raw.length && isWithin(raw.charCodeAt(at), 0x20, 0x3f)) at += 1;
    return Math.min(at + 1, raw.length);
  }
  if (kind === ']') {
    // A title or a link: up to BEL or ESC \.
    for (let at = start + 2; at < raw.length; at++) {
      const code = raw.charCodeAt(at);
      if (code === 0x07) return at + 1;
      if (code === escapeCode) return Math.min(at + 2, raw.length);
    }
    return raw.length;
  }
  return Math.min(start + 2, raw.length);
}

function isWithin(code: number, low: number, high: number): boolean {
  return code >= low && code <= high;
}

/** Control characters, and marks that would turn the direction of the text around them, are shown as what they are. */
function pictured(character: string, code: number): string {
  if (code === 0x09) return character;
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '␡';
  const turns =
    code === 0x200e || code === 0x200f || isWithin(code, 0x202a, 0x202e) || isWithin(code, 0x2066, 0x2069);
  return turns || isWithin(code, 0x80, 0x9f)
    ? `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
    : character;
}

function styled(before: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/, 64).map(Number);
  let style = { ...before };
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    if (code === 0) style = {};
    else if (code === 1) style.isBold = true;
    else if (code === 2) style.isDim = true;
    else if (code === 3) style.isItalic = true;
    else if (code === 4) style.isUnderlined = true;
    else if (code === 22) style = { ...style, isBold: false, isDim: false };
    else if (code === 23) style.isItalic = false;
    else if (code === 24) style.isUnderlined = false;
    else if (isWithin(code, 30, 37)) style.color = names[code - 30];
    else if (code === 39) style.color = undefined;
    else if (isWithin(code, 40, 47)) style.background = names[code - 40];
    else if (code === 49) style.background = undefined;
    else if (isWithin(code, 90, 97)) style.color = `bright-${names[code - 90]}`;
    else if (isWithin(code, 100, 107)) style.background = `bright-${names[code - 100]}`;
    else if (code === 38 || code === 48) {
      const { color, used } = extended(codes, at + 1);
      if (code === 38) style.color = color;
      else style.background = color;
      at += used;
    }
  }
  return style;
}

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;

function extended(codes: readonly number[], at: number): { color: string | undefined; used: number } {
  if (codes[at] === 5) return { color: indexed(codes[at + 1] ?? 0), used: 2 };
  if (codes[at] === 2) return { color: hex(codes.slice(at + 1, at + 4)), used: 4 };
  return { color: undefined, used: 1 };
}

function indexed(index: number): string | undefined {
  if (!(index >= 0 && index <= 255)) return undefined;
  if (index < 8) return names[index];
  if (index < 16) return `bright-${names[index - 8]}`;
  if (index >= 232) return hex(Array(3).fill(8 + (index - 232) * 10));
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const cube = index - 16;
  return hex([level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)]);
}

function hex(channels: readonly number[]): string {
  const byte = (value = 0) => Math.min(255, Math.max(0, Math.round(value) || 0));
  return `#${[0, 1, 2].map((channel) => byte(channels[channel]).toString(16).padStart(2, '0')).join('')}`;
}

function spansOf(cells: readonly (Cell | undefined)[]): AnsiSpan[] {
  const spans: AnsiSpan[] = [];
  let style: Style | undefined;
  let texts: string[] = [];
  const flush = () => {
    if (texts.length > 0) spans.push({ text: texts.join(''), ...style });
    texts = [];
  };
  for (let column = 0; column < cells.length; column++) {
    const cell = cells[column] ?? { text: ' ', style: plain };
    if (cell.style !== style) flush();
    style = cell.style;
    texts.push(cell.text);
  }
  flush();
  return spans;
}
