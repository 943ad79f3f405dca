import { ERROR_HANDLE_ID, type NodeDefinition } from '../nodes/definition.ts';
import type { ForEach, RetryPolicy, WorkflowDraft } from '../nodes/draft.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { type Graph, makeGraph } from './graph.ts';

/** A workflow ready to run: the graph for the scheduler, and what each node is. */
export interface Plan {
  graph: Graph;
  nodes: ReadonlyMap<string, PlannedNode>;
  /** Keys whose output is the execution's. */
  outputs: readonly string[];
  /** The JSON Schema that the execution's output must fit; null where any will do. */
  outputSchema: unknown;
  /** Whether a failure that no edge handles waits for somebody. */
  parksFailures: boolean;
}

export interface PlannedNode {
  key: string;
  definition: NodeDefinition;
  config: unknown;
  retry: RetryPolicy | null;
  forEach: ForEach | null;
}

/** The draft must have been validated. */
export function makePlan(draft: WorkflowDraft, registry: NodeRegistry): Plan {
  const nodes = draft.nodes.map(({ key, type, config, retry, forEach }): PlannedNode => {
    const definition = registry.get(type);
    if (definition === undefined) throw new Error(`No node type ${type} in this version of Weft`);
    return { key, definition, config, retry, forEach };
  });
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const graph = makeGraph(
    draft.nodes.map(({ key, join }) => ({ key, join: byKey.get(key)!.definition.join ?? join })),
    draft.edges.map((edge) => ({
      ...edge,
      sourceHandle: edge.sourceHandle ?? defaultHandle(byKey.get(edge.source)!),
    })),
  );
  return {
    graph,
    nodes: byKey,
    outputs: outputKeys(graph, byKey),
    outputSchema: draft.outputSchema,
    parksFailures: draft.onFailure === 'PARK',
  };
}

/** An edge that names no handle leaves by the first handle of its node. */
function defaultHandle({ definition, config }: Pick<PlannedNode, 'definition' | 'config'>): string {
  return definition.outputs((config ?? {}) as object)[0]?.id ?? ERROR_HANDLE_ID;
}

/** The output nodes; in a workflow without one, the nodes that no other follows. */
function outputKeys(graph: Graph, nodes: ReadonlyMap<string, PlannedNode>): string[] {
  const declared = graph.order.filter((key) => nodes.get(key)!.definition.role === 'output');
  if (declared.length > 0) return declared;
  return graph.order.filter((key) => graph.nodes.get(key)!.outgoing.length === 0);
}
