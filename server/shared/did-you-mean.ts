/** The first of `names` that is one typing mistake away from `name`. */
export function closestName(name: string, names: Iterable<string>): string | undefined {
  for (const candidate of names) if (isOneEditAway(name, candidate)) return candidate;
  return undefined;
}

/** One letter changed, missing, added, or two neighbours swapped. */
function isOneEditAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start += 1;
  const rest = (text: string, from: number) => text.slice(from);
  const swapped = a[start] === b[start + 1] && a[start + 1] === b[start];
  return (
    rest(a, start + 1) === rest(b, start + 1) ||
    rest(a, start + 1) === rest(b, start) ||
    rest(a, start) === rest(b, start + 1) ||
    (swapped && rest(a, start + 2) === rest(b, start + 2))
  );
}
