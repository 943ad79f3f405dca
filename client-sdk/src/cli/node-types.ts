/** The parts of a workflow that its types are made from. */
export interface WorkflowShape {
  id: string;
  key: string;
  name: string;
  description?: string | null;
  latestVersion: {
    number: number;
    nodes: readonly NodeShape[];
    edges: readonly EdgeShape[];
    inputSchema?: unknown;
    outputSchema?: unknown;
  };
}

interface NodeShape {
  key: string;
  type: string;
  config?: unknown;
  forEach?: unknown;
}

interface EdgeShape {
  source: string;
  sourceHandle?: string | null;
  target: string;
}

/**
 * The type of each node's output, where the workflow determines it: for nodes that pass their input on, and for the
 * node whose output is the execution's. What code and expressions return is `unknown`.
 */
export function nodeTypes(
  { nodes, edges }: WorkflowShape['latestVersion'],
  { input, output }: { input: string; output: string },
): Map<string, string> {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const outputKeys = outputNodes(nodes, edges);
  return new Map(nodes.map(({ key }) => [key, outputOf(key)]));

  function outputOf(key: string): string {
    const node = byKey.get(key)!;
    if (node.forEach != null) return 'unknown'; // a list, or the output of one item, depending on the event
    if (outputKeys.length === 1 && outputKeys[0] === key && output !== 'unknown') return output;
    return forwardsInput(node) ? inputOf(node) : 'unknown';
  }

  function inputOf({ key, type }: NodeShape): string {
    const incoming = edges.filter(({ target }) => target === key);
    if (type === 'input' || incoming.length === 0) return input;
    const [edge] = incoming;
    // Several edges make an object keyed by source; an error edge carries the error and the input.
    return incoming.length > 1 || edge!.sourceHandle === 'error' ? 'unknown' : outputOf(edge!.source);
  }
}

function forwardsInput({ type, config }: NodeShape): boolean {
  if (type === 'output') return (config as { value?: unknown } | null | undefined)?.value === undefined;
  return ['input', 'branch', 'switch'].includes(type);
}

/** The keys of the nodes whose output is the execution's. */
function outputNodes(nodes: readonly NodeShape[], edges: readonly EdgeShape[]): string[] {
  const declared = nodes.filter(({ type }) => type === 'output');
  const sources = new Set(edges.map(({ source }) => source));
  const last = declared.length > 0 ? declared : nodes.filter(({ key }) => !sources.has(key));
  return last.map(({ key }) => key);
}
