/** A shorter value would be found in texts that have nothing to do with it. */
export const MIN_MASKED_CHARACTERS = 4;
/** A line of a value is looked for by itself from this length on: shorter ones, such as braces, are of no secret. */
const MIN_LINE_CHARACTERS = 8;
/** A longer value has its usual forms alone: to look for all of them would take megabytes of memory. */
const MAX_CHARACTERS_IN_ALL_FORMS = 8_192;

/**
 * The texts by which a value may be shown: itself, without the space around it, and each line of it; each as JSON, Python,
 * JavaScript, HTML, shells and URLs write it, in hexadecimal, and in base64 wherever it may begin. Letters A to Z are
 * written as they come: who looks for these forms takes no notice of case.
 */
export function formsOf(value: string): Set<string> {
  const isLong = value.length > MAX_CHARACTERS_IN_ALL_FORMS;
  const texts = isLong ? [value] : wholeAndLines(value);
  const forms = texts.flatMap((text) => [...usualForms(text), ...(isLong ? [] : otherForms(text))]);
  return new Set(forms.filter((form) => form.length >= MIN_MASKED_CHARACTERS));
}

function wholeAndLines(value: string): string[] {
  const lines = value.split(/[\r\n]+/).map((line) => line.trim());
  return [value, value.trim(), ...lines.filter((line) => line.length >= MIN_LINE_CHARACTERS)];
}

function usualForms(text: string): string[] {
  const bytes = Buffer.from(text);
  return [text, jsonOf(text), encodeURIComponent(text), ...base64Forms(bytes), bytes.toString('hex')];
}

function otherForms(text: string): string[] {
  return [...quotedForms(text), ...percentForms(text), ...urlForms(text), ...htmlForms(text)];
}

/** As a literal, and as a literal within one: JSON in a JSON string is common. */
function quotedForms(text: string): string[] {
  const json = jsonOf(text);
  const literals = [json, ascii(json, jsonEscape), json.replaceAll('/', '\\/')];
  return [
    ...literals,
    ...literals.map(jsonOf),
    ...pythonForms(text),
    // As shlex.quote, and as shells are told by hand.
    text.replaceAll("'", `'"'"'`),
    text.replaceAll("'", `'\\''`),
  ];
}

function jsonOf(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** repr() and ascii() of a str, between either quote, and repr() of its bytes. */
function pythonForms(text: string): string[] {
  const bytes = Buffer.from(text).toString('latin1');
  return ["'", '"', ''].flatMap((quote) => {
    const quoted = (within: string) =>
      within
        .replaceAll('\\', '\\\\')
        .replaceAll('\n', '\\n')
        .replaceAll('\r', '\\r')
        .replaceAll('\t', '\\t')
        .replaceAll(quote === '' ? '\0' : quote, quote === '' ? '\\x00' : `\\${quote}`);
    const printable = quoted(text).replace(/[\p{C}\p{Z}]/gu, (each) =>
      each === ' ' ? each : pythonEscape(each),
    );
    return [printable, ascii(printable, pythonEscape), ascii(quoted(bytes), pythonEscape)];
  });
}

function ascii(text: string, toEscape: (character: string) => string): string {
  return text.replace(/[^ -~]/gu, toEscape);
}

/** \uXXXX for each unit of UTF-16. */
function jsonEscape(character: string): string {
  return [...Array(character.length).keys()]
    .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('');
}

function pythonEscape(character: string): string {
  const code = character.codePointAt(0)!;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code <= 0xffff
    ? `\\u${code.toString(16).padStart(4, '0')}`
    : `\\U${code.toString(16).padStart(8, '0')}`;
}

/** Punctuation that encoders leave as it is: none (Python's quote with safe=''), /, JavaScript's, and that of forms. */
const LEFT_AS_IT_IS = ['-._~', '-._~/', "-._~!'()*", "-._~!'()*;/?:@&=+$,#", '*-._'];

function percentForms(text: string): string[] {
  const encoded = LEFT_AS_IT_IS.flatMap((left) => {
    const once = percentEncoded(text, left);
    return [once, once.replaceAll('%20', '+')];
  });
  const every = [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  return [...encoded, percentEncoded(encoded[0]!, '-._~'), every];
}

function percentEncoded(text: string, left: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9]/.test(character) || left.includes(character)
        ? character
        : `%${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
}

/** As the parts of a URL come out of a parser of URLs, each of which encodes other characters. */
function urlForms(text: string): string[] {
  const url = new URL('http://host/');
  url.pathname = `/${text}`;
  url.search = `?${text}`;
  url.hash = `#${text}`;
  url.username = text;
  return [url.pathname.slice(1), url.search.slice(1), url.hash.slice(1), url.username];
}

function htmlForms(text: string): string[] {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = escaped.replaceAll('"', '&quot;');
  return [escaped, quoted, quoted.replaceAll("'", '&#x27;'), quoted.replaceAll("'", '&#39;')];
}

/** Where lines of base64 are broken: MIME and PEM. */
const LINE_LENGTHS = [76, 64];

/**
 * Within a longer text that was encoded, a value begins at one of three places of a group of four characters. Those that
 * other bytes have a part in are left out.
 */
function base64Forms(bytes: Buffer): string[] {
  const within = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const bits = (before + bytes.length) * 8;
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(bits / 6));
  });
  const alone = bytes.toString('base64');
  const unpadded = alone.slice(0, Math.ceil((bytes.length * 8) / 6));
  const forms = [...within, alone, unpadded];
  return [...forms, ...forms.map(urlSafe), ...LINE_LENGTHS.map((length) => inLines(alone, length))];
}

function inLines(text: string, length: number): string {
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += length) lines.push(text.slice(at, at + length));
  return lines.join('\n');
}

function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}
