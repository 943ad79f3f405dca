/** Whether a text is an environment marker of PEP 508, such as `python_version < "3.12" and os_name == "posix"`. */
export function isMarker(text: string): boolean {
  const tokens = tokensOf(text);
  if (tokens === null) return false;
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    if (!pattern.test(tokens[at] ?? '')) return false;
    at += 1;
    return true;
  };
  const expression = (): boolean => term() && (!take(/^(?:and|or)$/) || expression());
  const term = (): boolean => {
    if (take(/^\($/)) return expression() && take(/^\)$/);
    const [left, right] = [tokens[at] ?? '', tokens[at + 2] ?? ''];
    // A comparison of two literals does not depend on the environment.
    if (!VARIABLE.test(left) && !VARIABLE.test(right)) return false;
    return take(VALUE) && take(OPERATOR) && take(VALUE);
  };
  return expression() && at === tokens.length;
}

function tokensOf(text: string): string[] | null {
  const joined = text.replace(/\bnot\s+in\b/g, 'not-in');
  const tokens = joined.match(TOKEN) ?? [];
  // Characters outside all tokens remain after the replacement.
  return joined.replace(TOKEN, '').trim() === '' ? tokens : null;
}

/** Without `$` in a string: pip and uv replace `${NAME}` in requirements by a variable. */
const TOKEN = /"[^"$\n\r]*"|'[^'$\n\r]*'|[()]|===|[<>=!~]=|[<>]|[a-z_.]+(?:-in)?/g;
const VARIABLE =
  /^(?:python_version|python_full_version|os_name|sys_platform|platform_(?:release|system|version|machine|python_implementation)|implementation_(?:name|version)|extra)$/;
// linear: one of a list of words, at the start
const VALUE = new RegExp(`^["']|${VARIABLE.source}`);
const OPERATOR = /^(?:===|[<>=!~]=|[<>]|in|not-in)$/;
