import fc from 'fast-check';

/** Any acyclic graph: edges run from lower to higher numbers, by any handle of three, some to an input with a name. */
const anyEdges = fc
  .array(
    fc.record({
      from: fc.nat(7),
      step: fc.integer({ min: 1, max: 4 }),
      handle: fc.constantFrom('', '', '', '.other', '.error'),
      input: fc.constantFrom('', '', '.x', '.y'),
    }),
    { minLength: 1, maxLength: 14 },
  )
  .map((edges) => [
    ...new Set(edges.map(({ from, step, handle, input }) => `n${from}${handle}>n${from + step}${input}`)),
  ]);

/** As texts for `planOf`, with joins. */
export const anyGraph = fc
  .tuple(anyEdges, fc.uniqueArray(fc.nat(11), { maxLength: 6 }))
  .map(([edges, any]) => {
    const has = (key: string) => edges.some((edge) => edge.split(/[.>]/).includes(key));
    return [
      ...edges,
      ...any
        .map((n) => `n${n}`)
        .filter(has)
        .map((key) => `${key}=ANY`),
    ];
  });
