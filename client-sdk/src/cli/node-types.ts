/** What of a workflow's latest version its types are made from. */
export interface WorkflowShape {
  id: string;
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
 * The type of each node's output, as far as the workflow tells: of what passes the input on, and of the node that gives
 * the execution's output. What code and expressions give nobody knows ahead, so all else is `unknown`.
 */
export function nodeTypes(
  { nodes, edges }: WorkflowShape['latestVersion'],
  { input, output }: { input: string; output: string },
): Map<string, string> {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const givers = outputNodes(nodes, edges);
  return new Map(nodes.map(({ key }) => [key, outputOf(key)]));

  function outputOf(key: string): string {
    const node = byKey.get(key)!;
    if (node.forEach != null) return 'unknown'; // the whole list, or one item's, by the event
    if (givers.length === 1 && givers[0] === key && output !== 'unknown') return output;
    return passesOn(node) ? inputOf(node) : 'unknown';
  }

  function inputOf({ key, type }: NodeShape): string {
    const incoming = edges.filter(({ target }) => target === key);
    if (type === 'input' || incoming.length === 0) return input;
    const [edge] = incoming;
    // Several edges give an object of what was emitted; a failure gives the error and the input.
    return incoming.length > 1 || edge!.sourceHandle === 'error' ? 'unknown' : outputOf(edge!.source);
  }
}

function passesOn({ type, config }: NodeShape): boolean {
  if (type === 'output') return (config as { value?: unknown } | null | undefined)?.value === undefined;
  return ['input', 'branch', 'switch'].includes(type);
}

/** The nodes whose output is the execution's. */
function outputNodes(nodes: readonly NodeShape[], edges: readonly EdgeShape[]): string[] {
  const declared = nodes.filter(({ type }) => type === 'output');
  const sources = new Set(edges.map(({ source }) => source));
  const last = declared.length > 0 ? declared : nodes.filter(({ key }) => !sources.has(key));
  return last.map(({ key }) => key);
}
