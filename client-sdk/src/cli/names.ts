/** `Sales report` → `salesReport`; `workflow` where a name has no letter or digit. */
export function camelCase(name: string): string {
  const words = name
    .normalize('NFC')
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
  const joined = words.map((word, index) => (index === 0 ? lowerFirst(word) : upperFirst(word))).join('');
  if (joined === '') return 'workflow';
  return /^\p{N}/u.test(joined) ? `_${joined}` : joined;
}

export function pascalCase(name: string): string {
  return upperFirst(camelCase(name));
}

/** Assigns each name once: a second `report` becomes `report2`. */
export class UniqueNames {
  private readonly used: Set<string>;

  constructor(reserved: Iterable<string> = []) {
    this.used = new Set(reserved);
  }

  assign(proposed: string): string {
    let name = proposed;
    for (let n = 2; this.used.has(name); n++) name = `${proposed}${n}`;
    this.used.add(name);
    return name;
  }
}

/** A property's name in TypeScript: quoted unless it is an identifier. */
export function propertyName(name: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) && name !== '__proto__'
    ? name
    : JSON.stringify(name);
}

/** A documentation comment, or nothing for an empty text. The text cannot end the comment early. */
export function comment(text: string | null | undefined, indent = ''): string {
  const lines = (text ?? '').replaceAll('*/', '* /').split(/\r\n|[\n\r\u2028\u2029]/);
  if (lines.every((line) => line.trim() === '')) return '';
  if (lines.length === 1) return `${indent}/** ${lines[0]!.trim()} */\n`;
  const body = lines.map((line) => `${indent} * ${line}`.trimEnd());
  return `${indent}/**\n${body.join('\n')}\n${indent} */\n`;
}

function lowerFirst(word: string): string {
  // `PDF` alone would become `pDF`.
  return word === word.toUpperCase() ? word.toLowerCase() : word.charAt(0).toLowerCase() + word.slice(1);
}

function upperFirst(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
