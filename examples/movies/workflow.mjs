import { readFileSync } from 'node:fs';

const python = (key, name) => ({
  key,
  type: 'python',
  name,
  config: { code: readFileSync(new URL(`${key}.py`, import.meta.url), 'utf8'), timeoutMs: 20_000 },
});

/**
 *                      ┌─ output ─────────────┐
 *   movies ─ parse ─ validate                rows ─┬─ by_genre ──┬─ report ─ result
 *                      └─ error ── repair ────┘    └─ by_decade ─┘
 */
export const workflow = {
  name: 'Movie report',
  description: 'Three thousand movies, with the mistakes that real data has.',
  nodes: [
    { key: 'movies', type: 'input', name: 'Movies' },
    python('parse', 'Parse'),
    python('validate', 'Validate'),
    python('repair', 'Repair'),
    {
      key: 'rows',
      type: 'transform',
      name: 'Sound rows',
      config: { expression: 'input.movies' },
    },
    python('by_genre', 'By genre'),
    python('by_decade', 'By decade'),
    {
      key: 'report',
      type: 'transform',
      name: 'Report',
      config: {
        expression: `{
          "movies": $sum(input.by_decade.movies),
          "topGenres": input.by_genre[[0..4]],
          "decades": input.by_decade,
          "repaired": $exists(nodes.repair)
        }`,
      },
    },
    { key: 'result', type: 'output', name: 'Result' },
  ],
  edges: [
    { source: 'movies', target: 'parse' },
    { source: 'parse', target: 'validate' },
    // Two ways to one input: it has come when one of them has.
    { source: 'validate', sourceHandle: 'output', target: 'rows', targetHandle: 'movies' },
    { source: 'validate', sourceHandle: 'error', target: 'repair' },
    { source: 'repair', target: 'rows', targetHandle: 'movies' },
    { source: 'rows', target: 'by_genre' },
    { source: 'rows', target: 'by_decade' },
    { source: 'by_genre', target: 'report' },
    { source: 'by_decade', target: 'report' },
    { source: 'report', target: 'result' },
  ],
};
