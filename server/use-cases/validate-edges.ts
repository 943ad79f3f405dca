import { findCycles, unreachable } from '../engine/graph.ts';
import { ERROR_HANDLE_ID, type NodeDefinition } from '../nodes/definition.ts';
import type { EdgeDraft, NodeDraft, WorkflowDraft } from '../nodes/draft.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { isKey, quoteForMessage } from './keys.ts';
import type { UserError } from './types.ts';
import { validFields } from './validate-config.ts';

/** A message longer than this helps nobody. */
const MAX_CYCLES = 20;
const MAX_HANDLES = 10;

/** What is wrong with each edge by itself, and with its ends. */
export function checkEdges({ nodes, edges }: WorkflowDraft, registry: NodeRegistry): UserError[] {
  const ends = new Map(nodes.map((node) => [node.key, toEnd(node, registry)]));
  const seen = new Set<string>();
  return edges.flatMap((edge, index) => {
    const field = `edges.${index}`;
    const errors = [...checkEnd(ends, edge, 'source', field), ...checkEnd(ends, edge, 'target', field)];
    const same = JSON.stringify([edge.source, edge.sourceHandle, edge.target, edge.targetHandle]);
    if (seen.has(same)) {
      errors.push({
        code: 'DUPLICATE_EDGE',
        field,
        message: `This edge from ${quoteForMessage(edge.source)} to ${quoteForMessage(edge.target)} exists already. Remove one of the two.`,
      });
    }
    seen.add(same);
    return errors;
  });
}

/** A node as its edges see it. Computed once: a node may have thousands of edges, and a large configuration. */
interface End {
  definition: NodeDefinition | undefined;
  /** Of its outputs. An edge that names no handle leaves by the first. */
  handles: readonly string[];
}

function toEnd({ type, config }: NodeDraft, registry: NodeRegistry): End {
  const definition = registry.get(type);
  if (definition === undefined) return { definition, handles: [] };
  const own = definition.outputs(validFields(definition, config ?? {}));
  return {
    definition,
    handles: [...own.map(({ id }) => id), ...(definition.canFail ? [ERROR_HANDLE_ID] : [])],
  };
}

function checkEnd(
  ends: ReadonlyMap<string, End>,
  edge: EdgeDraft,
  end: 'source' | 'target',
  field: string,
): UserError[] {
  const at = ends.get(edge[end]);
  if (at === undefined) {
    return [
      {
        code: 'UNKNOWN_NODE',
        field: `${field}.${end}`,
        message: `Expected the key of a node, got ${quoteForMessage(edge[end])}.`,
      },
    ];
  }
  if (at.definition === undefined) return [];
  return end === 'source'
    ? checkSourceHandle(at.handles, edge, field)
    : checkTarget(at.definition, edge, field);
}

function checkSourceHandle(
  handles: readonly string[],
  { source, sourceHandle }: EdgeDraft,
  field: string,
): UserError[] {
  const handle = sourceHandle ?? handles[0] ?? ERROR_HANDLE_ID;
  if (handles.includes(handle)) return [];
  const more = handles.length > MAX_HANDLES ? ', …' : '';
  return [
    {
      code: 'UNKNOWN_HANDLE',
      field: `${field}.sourceHandle`,
      message: `Expected an output handle of ${quoteForMessage(source)} (${handles.slice(0, MAX_HANDLES).join(', ')}${more}), got ${quoteForMessage(handle)}.`,
    },
  ];
}

/** A target handle only names the value within the input, so any name will do where there is an input at all. */
function checkTarget(
  definition: NodeDefinition,
  { target, targetHandle }: EdgeDraft,
  field: string,
): UserError[] {
  if (definition.inputs.length === 0) {
    return [
      {
        code: 'UNKNOWN_HANDLE',
        field: `${field}.target`,
        message: `Node ${quoteForMessage(target)} is of type ${definition.type}, which has no input: it starts the workflow.`,
      },
    ];
  }
  if (targetHandle === null || isKey(targetHandle)) return [];
  return [
    {
      code: 'UNKNOWN_HANDLE',
      field: `${field}.targetHandle`,
      message: `Expected a handle of 1 to 64 letters, digits, _ and -, got ${quoteForMessage(targetHandle)}.`,
    },
  ];
}

/** What is wrong with the graph as a whole, once every edge joins two nodes. */
export function checkShape({ nodes, edges }: WorkflowDraft, registry: NodeRegistry): UserError[] {
  const keys = nodes.map(({ key }) => key);
  const cycles = findCycles(keys, edges, MAX_CYCLES);
  if (cycles.length > 0) {
    return cycles.map((cycle) => ({
      code: 'CYCLE',
      field: `edges.${edges.findIndex(({ source, target }) => source === cycle[0] && target === cycle[1])}`,
      message: `A workflow cannot run in a circle: ${cycle.join(' → ')}.`,
    }));
  }
  return unreachable(keys, startKeys(nodes, edges, registry), edges).map((key) => ({
    code: 'UNREACHABLE_NODE',
    field: `nodes.${keys.indexOf(key)}`,
    message: `No edge leads to node \`${key}\` from the workflow's input, so it would never be reached. Connect it or remove it.`,
  }));
}

/** Where a run starts: at the input nodes; in a workflow without one, at every node that no edge leads to. */
function startKeys(
  nodes: readonly NodeDraft[],
  edges: readonly EdgeDraft[],
  registry: NodeRegistry,
): string[] {
  const inputs = nodes.filter(({ type }) => registry.get(type)?.role === 'input').map(({ key }) => key);
  if (inputs.length > 0) return inputs;
  const targets = new Set(edges.map(({ target }) => target));
  return nodes.map(({ key }) => key).filter((key) => !targets.has(key));
}
