/**
 * What a script says of itself: in the block of PEP 723, `# /// script`, comment lines of TOML, `# ///`; or, as Windmill's
 * scripts do, by a comment `# requirements:` above the code, with one package a line.
 */
export interface ScriptBlock {
  /** Its `dependencies`, as they stand there. */
  packages: string[];
  /** Where the block begins, from 1. */
  line: number;
  /** Why the block cannot be read; `packages` is empty then. */
  problem: string | null;
}

const START = '# /// script';
const NONE = { packages: [], problem: null };

/** The packages that code declares itself; null where it has no such block. An unclosed block is none, by the PEP. */
export function readScriptBlock(code: string): ScriptBlock | null {
  const [block, second, ...more] = code.includes(START) ? blocksOf(code) : [];
  if (block === undefined) return readRequirements(code);
  if (second === undefined) return { ...NONE, ...dependenciesOf(block.toml), line: block.line };
  const count = more.length + 2;
  const problem = `Expected one block \`${START}\`, got ${count}; move the dependencies into the first one.`;
  return { packages: [], line: second.line, problem };
}

/** Each line is read once. The last closing line counts, because a closing line before it is content. */
function blocksOf(code: string): { line: number; toml: string }[] {
  const lines = code.split(/\r\n|\r|\n/);
  const blocks: { line: number; toml: string }[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    if (lines[at]!.trimEnd() !== START) continue;
    const line = at + 1;
    let end = line;
    while (end < lines.length && (lines[end] === '#' || lines[end]!.startsWith('# '))) end += 1;
    const within = lines.slice(line, end);
    const closing = within.findLastIndex((text) => text.trimEnd() === '# ///');
    const toml = within.slice(0, Math.max(closing, 0)).map((text) => `${text.slice(2)}\n`);
    if (closing !== -1) blocks.push({ line, toml: toml.join('') });
    at = end - 1;
  }
  return blocks;
}

const HEADER = /^# ?(?:extra_)?requirements:\s*$/;
const REQUIREMENT = /^# ?([a-z0-9][\w.-]*(?:\[[\w,.-]*\])?(?: ?[<>=!~][^#;]*)?)$/i;
/** Beside a docstring, what may stand first. */
const CODE = /^(?:(?:import|from|def|async|class) |@)/;
/** Windmill's client needs its server: without the package, `wmill` is what elsewhere.py makes of it. */
const OF_WINDMILL = /^wmill\b/;

/** Only above the code of a script that has a `main`, and only where each line is a requirement: prose is none. */
function readRequirements(code: string): ScriptBlock | null {
  if (!code.includes('requirements:') || !/^(?:async )?def main\(/m.test(code)) return null;
  const lines = code.split(/\r\n|\r|\n/);
  const start = lines.findIndex((line) => CODE.test(line));
  const header = lines.slice(0, start).findIndex((line) => HEADER.test(line));
  if (header === -1) return null;
  const rest = lines.slice(header + 1, start);
  const end = rest.findIndex((line) => !line.startsWith('#') || line.trimEnd() === '#');
  const found = (end === -1 ? rest : rest.slice(0, end)).map((line) => REQUIREMENT.exec(line.trimEnd())?.[1]);
  const packages = found.filter((each) => each !== undefined);
  if (packages.length < found.length) return null;
  return { packages: packages.filter((each) => !OF_WINDMILL.test(each)), line: header + 1, problem: null };
}

/** A TOML reader for the one key that counts here: no table can hold it, so reading ends at the first one. */
function dependenciesOf(toml: string): Partial<ScriptBlock> {
  const [top = ''] = toml.split(/^[ \t]*\[/m, 1);
  const key = /^[ \t]*(?:dependencies|"dependencies"|'dependencies')[ \t]*=/m.exec(top);
  // The list may have lines that begin with a bracket, so it is read from the whole.
  return key === null ? {} : readList(toml, key.index + key[0].length);
}

const SPACE_OR_COMMENT = /(?:\s|#[^\n]*\n)*/y;
const TEXT = /"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'/y;

function readList(toml: string, start: number): Partial<ScriptBlock> {
  const packages: string[] = [];
  let at = start;
  const skip = () => {
    SPACE_OR_COMMENT.lastIndex = at;
    at += SPACE_OR_COMMENT.exec(toml)![0].length;
    return toml[at];
  };
  if (skip() !== '[') return malformed;
  at += 1;
  while (skip() !== ']') {
    TEXT.lastIndex = at;
    const text = TEXT.exec(toml);
    if (text === null) return malformed;
    packages.push(text[2] ?? unquoted(text[1]!));
    at += text[0].length;
    if (skip() === ',') at += 1;
    else if (toml[at] !== ']') return malformed;
  }
  return { packages };
}

const malformed = {
  problem:
    'Expected `dependencies` of the block `# /// script` to be a list of texts, such as ["pandas>=2"].',
};

/** Requirements have quotation marks and backslashes at most. */
function unquoted(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}
