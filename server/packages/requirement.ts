import { validRange } from '@renovatebot/pep440';
import { isMarker } from './marker.ts';

/** One requirement of PEP 508, without the forms that are refused (URLs). */
export interface Requirement {
  /** Normalised by PEP 503: `Foo.Bar` and `foo-bar` are one package. */
  name: string;
  /** The whole requirement in its canonical spelling: equal requirements have equal texts. */
  text: string;
}

/** Why a text is not a requirement, or is one that is never allowed. */
export interface RequirementProblem {
  kind: 'malformed' | 'refused';
  message: string;
}

export type ParsedRequirement =
  | { ok: true; requirement: Requirement }
  | { ok: false; problem: RequirementProblem };

/** Accepts names, extras, versions (PEP 440) and markers, as PEP 508 writes them. */
export function parseRequirement(input: string): ParsedRequirement {
  const text = input.trim();
  if (text.length > MAX_LENGTH) {
    return problem(
      'malformed',
      `Expected a requirement of at most ${MAX_LENGTH} characters, got ${text.length}.`,
    );
  }
  const refusal = refusalOf(text);
  if (refusal !== null) {
    return problem('refused', `${quote(text)} is ${refusal}; request packages by name, such as pandas>=2.`);
  }
  const parts = splitRequirement(text);
  if (parts === null) {
    return problem(
      'malformed',
      `Expected a requirement such as pandas, pandas>=2 or uvicorn[standard], got ${quote(text)}${strangeCharacter(text)}.`,
    );
  }
  const { name, extras, versions, marker } = parts;
  const specifiers = splitList(versions);
  const wrong = specifiers.find((specifier) => !SPECIFIER.test(specifier) || !validRange(specifier));
  if (wrong !== undefined) {
    return problem(
      'malformed',
      `Expected versions such as >=2, ==2.1.* or >=2,<3 after ${name}, got ${quote(wrong)}.`,
    );
  }
  if (marker !== undefined && !isMarker(marker)) {
    return problem(
      'malformed',
      `Expected a marker such as python_version < "3.12" after the ; of ${name}, got ${quote(marker.trim())}.`,
    );
  }
  return { ok: true, requirement: canonical(name, extras, specifiers, marker) };
}

/** Normalised as in PEP 503. */
export function normalizeName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[-_.]+/g, '-');
}

/** PEP 440 allows any text after `===`; installers replace `${NAME}` in it by a variable. */
const SPECIFIER = /^[<>=!~]{1,3}\s*[A-Za-z0-9.*+!_-]+$/;

/** Longer than any requirement that a person writes, and short enough for the library that parses versions. */
const MAX_LENGTH = 500;

/** The parts of a requirement; versions and marker are parsed further by themselves. */
interface Parts {
  name: string;
  extras: string[];
  versions: string;
  marker: string | undefined;
}

/** Splits a requirement as PEP 508 does; null where it has another form. Reads each character once. */
function splitRequirement(text: string): Parts | null {
  const reader = new TokenReader(text);
  const name = reader.read(NAME);
  if (!isName(name)) return null;
  const extras = readExtras(reader);
  const versions = readVersions(reader);
  if (extras === null || versions === null) return null;
  const marker = reader.read(MARKER);
  const isWhole = reader.atEnd && !/[\n\r\u2028\u2029]/.test(marker);
  return isWhole ? { name, extras, versions, marker: marker === '' ? undefined : marker.slice(1) } : null;
}

/** Sticky, and without a choice in them: a token that does not match is known after one look. */
const NAME = /[A-Za-z0-9._-]*/y;
const BRACKETS = /\[[^\]]*\]/y;
const PARENTHESES = /\([^();]*\)/y;
const VERSIONS = /[<>=!~][^();]*/y;
const MARKER = /;.*/sy;
const AT = /@/y;

function readExtras(reader: TokenReader): string[] | null {
  const brackets = reader.read(BRACKETS);
  const extras = splitList(brackets.slice(1, -1));
  return extras.every(isName) ? extras : null;
}

function readVersions(reader: TokenReader): string | null {
  const inParentheses = reader.read(PARENTHESES);
  return inParentheses === '' ? reader.read(VERSIONS) : inParentheses.slice(1, -1);
}

function isName(text: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(text) && /^[A-Za-z0-9]/.test(text) && /[A-Za-z0-9]$/.test(text);
}

class TokenReader {
  private at = 0;

  constructor(private readonly text: string) {}

  get atEnd(): boolean {
    return this.at === this.text.length;
  }

  /** The token here, after which white space is passed over; empty where there is none. */
  read(token: RegExp): string {
    token.lastIndex = this.at;
    const [found = ''] = token.exec(this.text) ?? [];
    SPACE.lastIndex = this.at + found.length;
    this.at = SPACE.lastIndex + SPACE.exec(this.text)![0].length;
    return found;
  }
}

const SPACE = /\s*/y;

function refusalOf(text: string): string | null {
  if (text.startsWith('-')) return 'an option of the installer';
  if (/\b(?:git|hg|svn|bzr)\+/i.test(text)) return 'a link to a version control system';
  if (text.includes('://') || namesAddress(text)) return 'a URL';
  const beforeMarker = text.split(';', 1)[0]!;
  if (/^[.~]?[/\\]|^\.{1,2}$|^\.\.[/\\]|^~/.test(text) || /[^\s<>=!~][/\\]/.test(beforeMarker))
    return 'a path';
  return /\.(?:whl|zip|tar\.\w+|tgz|egg)$/i.test(beforeMarker.trim()) ? 'a path' : null;
}

/** `name @ address`, also with extras. */
function namesAddress(text: string): boolean {
  const reader = new TokenReader(text);
  if (reader.read(NAME) === '') return false;
  reader.read(BRACKETS);
  return reader.read(AT) !== '';
}

function canonical(
  name: string,
  extras: string[],
  specifiers: string[],
  marker: string | undefined,
): Requirement {
  const normal = normalizeName(name);
  const among = [...new Set(extras.map(normalizeName))].sort().join(',');
  const versions = [...new Set(specifiers.map((specifier) => specifier.replace(/\s+/g, '')))]
    .sort()
    .join(',');
  const condition = marker === undefined ? '' : ` ; ${marker.trim().replace(/\s+/g, ' ')}`;
  return { name: normal, text: `${normal}${among && `[${among}]`}${versions}${condition}` };
}

function splitList(text: string): string[] {
  return text.trim() === '' ? [] : text.split(',').map((part) => part.trim());
}

function strangeCharacter(text: string): string {
  const found = /[^A-Za-z0-9._\-[\],<>=!~()*+; "']/.exec(text)?.[0];
  return found === undefined ? '' : `, where ${quote(found)} has no meaning`;
}

function quote(text: string): string {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  return `\`${shown.slice(1, -1)}\``;
}

function problem(kind: RequirementProblem['kind'], message: string): ParsedRequirement {
  return { ok: false, problem: { kind, message } };
}
