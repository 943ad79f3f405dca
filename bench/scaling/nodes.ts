import type { BenchServer } from '../support/bench-server.ts';
import { chain, fanOut } from '../support/shapes.ts';
import { type Point, printCurve } from './curve.ts';
import { commits, runMany } from './load.ts';

/** In all executions of a point. */
const NODES = 1_000;
const NOTHING = { type: 'merge' };
/** What each of these nodes emits. */
const OUTPUT_CHARACTERS = 2_000;

/** What a node costs in workflows of so many nodes; of each shape. */
export async function nodesCurve(server: BenchServer, sizes: readonly number[]): Promise<void> {
  const shapes: Record<string, (size: number) => { nodes: object[] }> = {
    'A chain of nodes that do nothing': (size) => chain(size, NOTHING),
    'A fan-out of such nodes, joined again': (size) => fanOut(Math.max(3, size), NOTHING),
    [`A chain whose nodes emit ${OUTPUT_CHARACTERS} characters and read the node before by an expression`]: (
      size,
    ) => chain(size, readsTheOneBefore),
  };
  const commit = await commits(server);
  for (const [title, make] of Object.entries(shapes)) {
    const points: Point[] = [];
    for (const size of sizes) {
      const graph = make(size);
      const nodes = graph.nodes.length;
      const id = await server.weft.createWorkflow(graph);
      await runMany(server, id, { count: 1, lanes: 1 });
      const count = Math.ceil(NODES / nodes);
      const { server: serverMs, postgres, perSecond } = await runMany(server, id, { count, lanes: 1 });
      points.push({
        size: nodes,
        figures: {
          'server, ms CPU a node': serverMs / nodes,
          'Postgres, ms CPU a node': postgres / nodes,
          'ms a node': 1_000 / perSecond / nodes,
          'baseline: a commit, ms': commit.wallMs,
          'the same, ms CPU of Postgres': commit.cpuMs,
        },
      });
    }
    printCurve(title, 'nodes', points);
  }
}

function readsTheOneBefore(n: number): object {
  const text = `$pad("", ${OUTPUT_CHARACTERS}, "x")`;
  const expression =
    n === 0 ? `{ "n": 1, "text": ${text} }` : `{ "n": nodes.n${n - 1}.output.n + 1, "text": ${text} }`;
  return { type: 'transform', config: { expression } };
}
