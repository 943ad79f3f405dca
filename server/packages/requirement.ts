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
  const [, name, extras, versions = '', marker] = SHAPE.exec(text) ?? [];
  if (name === undefined) {
    return problem(
      'malformed',
      `Expected a requirement such as pandas, pandas>=2 or uvicorn[standard], got ${quote(text)}${strangeCharacter(text)}.`,
    );
  }
  const specifiers = splitList(versions.replace(/^\((.*)\)$/, '$1'));
  const wrong = specifiers.find((specifier) => specifier === '' || !validRange(specifier));
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
  return { ok: true, requirement: canonical(name, splitList(extras ?? ''), specifiers, marker) };
}

/** Normalised as in PEP 503. */
export function normalizeName(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[-_.]+/g, '-');
}

/** The patterns below take quadratic time, which is short for so few characters. */
const MAX_LENGTH = 500;

/** The name, extras, versions and marker of PEP 508; versions and marker are parsed further by themselves. */
const NAME = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?';
const SHAPE = new RegExp(
  `^(${NAME})\\s*(?:\\[\\s*((?:${NAME}(?:\\s*,\\s*${NAME})*)?)\\s*\\])?\\s*(\\([^();]*\\)|[<>=!~][^();]*)?\\s*(?:;(.*))?$`,
);

function refusalOf(text: string): string | null {
  if (text.startsWith('-')) return 'an option of the installer';
  if (/\b(?:git|hg|svn|bzr)\+/i.test(text)) return 'a link to a version control system';
  if (/:\/\//.test(text) || /^[A-Za-z0-9._-]+\s*(\[[^\]]*\])?\s*@/.test(text)) return 'a URL';
  const beforeMarker = text.split(';')[0]!;
  if (/^[.~]?[/\\]|^\.{1,2}$|^\.\.[/\\]|^~/.test(text) || /[^\s<>=!~]+[/\\]/.test(beforeMarker))
    return 'a path';
  return /\.(?:whl|zip|tar\.\w+|tgz|egg)$/i.test(beforeMarker.trim()) ? 'a path' : null;
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
