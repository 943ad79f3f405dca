/** For users of JavaScript and Python, which write these otherwise. */
const HINTS: readonly [written: RegExp, hint: string][] = [
  [/!==/y, 'Write `!=` for `!==`.'],
  [/===?/y, 'To compare, write `=` for `==`.'],
  [/&&/y, 'Write `and` for `&&`.'],
  [/\|\|/y, 'Write `or` for `||`.'],
  [/!(?!=)/y, 'Write `$not(…)` for `!`.'],
  [/=>/y, 'A function is written `function($x) { … }`.'],
];

/** What is wrong with an expression that does not parse, where, and what to write instead where that is known. */
export function explainSyntaxError(
  expression: string,
  { message, position }: { message?: string; position?: number },
): string {
  if (/^\s*\{\{.*\}\}\s*$/s.test(expression))
    return 'This field is an expression already: leave out the {{ and }} around it.';
  if (/call stack/.test(message ?? '')) return 'It is nested too deep.';
  const place = position === undefined ? '' : ` (at character ${position})`;
  const hint = position === undefined ? undefined : hintAt(expression, position);
  return `${message ?? 'It does not parse.'}${place}${hint === undefined ? '' : `. ${hint}`}`;
}

/** JSONata's position is behind the token it did not expect, which may be the second half of the operator. */
function hintAt(expression: string, position: number): string | undefined {
  for (const [written, hint] of HINTS) {
    for (let start = Math.max(0, position - 3); start < position; start += 1) {
      written.lastIndex = start;
      if (written.test(expression)) return hint;
    }
  }
  return undefined;
}
