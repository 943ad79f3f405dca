import byDecade from '../../../../examples/movies/by_decade.py?raw';
import byGenre from '../../../../examples/movies/by_genre.py?raw';
import parse from '../../../../examples/movies/parse.py?raw';
import repair from '../../../../examples/movies/repair.py?raw';
import validate from '../../../../examples/movies/validate.py?raw';
import type { WorkflowTemplate } from './template.ts';

const python = (key: string, name: string, code: string, x: number, y: number) => ({
  key,
  type: 'python',
  name,
  config: { code, timeoutMs: 20_000 },
  position: { x, y },
});

const movies = [
  ['The Godfather', 'Mar 15 1972', 'Drama', 268500000, 7000000, 9.2],
  ['Jaws', 'Jun 20 1975', 'Horror', 470700000, 12000000, 8.3],
  ['Star Wars', 'May 25 1977', 'Adventure', 797900000, 11000000, 8.8],
  ['Alien', 'May 25 2079', 'Horror', 203630630, 9000000, 8.5],
  [1941, 'Dec 14 1979', 'Comedy', 94875000, 35000000, 5.6],
  ['Back to the Future', 'Jul 03 1985', 'Adventure', 403400000, 19000000, 8.4],
  ['Pulp Fiction', 'Oct 14 1994', 'Drama', 212928762, 8000000, 8.9],
  ['Toy Story', 'Nov 22 1995', 'Adventure', 361948825, 30000000, 8.2],
  ['The Matrix', 'Mar 31 1999', 'Action', 460279930, 65000000, 8.7],
  [300, 'Mar 09 2007', 'Action', 456068181, 60000000, 7.8],
].map(([title, released, genre, gross, budget, rating]) => ({
  Title: title,
  'Release Date': released,
  'Major Genre': genre,
  'Worldwide Gross': gross,
  'Production Budget': budget,
  'IMDB Rating': rating,
}));

/** The workflow of examples/movies over ten films, two of which have mistakes for the error handle to mend. */
export const moviesTemplate: WorkflowTemplate = {
  id: 'movies',
  name: 'Movie report',
  description:
    'Reads films, repairs their mistakes by the error handle, and ranks genres and decades side by side.',
  workflow: {
    name: 'Movie report',
    description: 'Ranks genres and decades of films, with the mistakes that real data has.',
    nodes: [
      { key: 'movies', type: 'input', name: 'Movies', position: { x: 0, y: 100 } },
      python('parse', 'Parse', parse, 260, 100),
      python('validate', 'Validate', validate, 520, 100),
      python('repair', 'Repair', repair, 780, 220),
      {
        key: 'rows',
        type: 'transform',
        name: 'Sound rows',
        config: { expression: 'input.movies' },
        position: { x: 1040, y: 100 },
      },
      python('by_genre', 'By genre', byGenre, 1300, 0),
      python('by_decade', 'By decade', byDecade, 1300, 200),
      {
        key: 'report',
        type: 'transform',
        name: 'Report',
        config: {
          expression:
            '{\n  "movies": $sum(input.by_decade.movies),\n  "topGenres": input.by_genre[[0..4]],\n  "decades": input.by_decade,\n  "repaired": $exists(nodes.repair)\n}',
        },
        position: { x: 1560, y: 100 },
      },
      { key: 'result', type: 'output', name: 'Result', position: { x: 1820, y: 100 } },
    ],
    edges: [
      { source: 'movies', target: 'parse' },
      { source: 'parse', target: 'validate' },
      { source: 'validate', sourceHandle: 'output', target: 'rows', targetHandle: 'movies' },
      { source: 'validate', sourceHandle: 'error', target: 'repair' },
      { source: 'repair', target: 'rows', targetHandle: 'movies' },
      { source: 'rows', target: 'by_genre' },
      { source: 'rows', target: 'by_decade' },
      { source: 'by_genre', target: 'report' },
      { source: 'by_decade', target: 'report' },
      { source: 'report', target: 'result' },
    ],
    inputSchema: {
      type: 'object',
      required: ['text'],
      properties: { text: { type: 'string', title: 'Films', description: 'A list of films as JSON.' } },
    },
  },
  sampleInput: { text: JSON.stringify(movies) },
};
