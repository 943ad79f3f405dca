import { type Edge, findCycles, unreachable } from '../engine/graph.ts';
import { ERROR_HANDLE_ID, type Handle, type NodeDefinition } from '../nodes/definition.ts';
import type { EdgeDraft, NodeDraft, WorkflowDraft } from '../nodes/draft.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { isKey, quoteForMessage } from './keys.ts';
import type { UserError } from './types.ts';
import { validFields } from './validate-config.ts';

/** A message longer than this helps nobody. */
const MAX_CYCLES = 20;
const MAX_HANDLES = 10;

/** What is wrong with each edge by itself, and with its ends. */
export function checkEdges({ edges }: WorkflowDraft, ends: Ends): UserError[] {
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

export type Ends = ReadonlyMap<string, End>;

/** The nodes as their edges see them. Computed once: a node may have thousands of edges, and a large configuration. */
export function endsOf({ nodes }: WorkflowDraft, registry: NodeRegistry): Ends {
  return new Map(nodes.map((node) => [node.key, toEnd(node, registry)]));
}

interface End {
  definition: NodeDefinition | undefined;
  outputs: readonly Handle[];
  /** Of its outputs, and for errors. An edge that names no handle leaves by the first. */
  handles: readonly string[];
}

function toEnd({ type, config }: NodeDraft, registry: NodeRegistry): End {
  const definition = registry.get(type);
  if (definition === undefined) return { definition, outputs: [], handles: [] };
  const outputs = definition.outputs(validFields(definition, config ?? {}));
  return {
    definition,
    outputs,
    handles: [...outputs.map(({ id }) => id), ...(definition.canFail ? [ERROR_HANDLE_ID] : [])],
  };
}

/** The edges as a graph has them, those that name no handle with the first of their source. */
export function resolvedEdges({ edges }: WorkflowDraft, ends: Ends): Edge[] {
  return edges.map((edge) => ({
    ...edge,
    sourceHandle: edge.sourceHandle ?? ends.get(edge.source)!.handles[0] ?? ERROR_HANDLE_ID,
  }));
}

/** Warnings of nodes that decide for a way which leads nowhere. */
export function findLooseHandles({ nodes, edges }: WorkflowDraft, ends: Ends): UserError[] {
  const outgoing = Map.groupBy(edges, ({ source }) => source);
  return nodes.flatMap(({ key }, index): UserError[] => {
    const { outputs } = ends.get(key)!;
    if (outputs.length < 2) return [];
    const used = new Set((outgoing.get(key) ?? []).map(({ sourceHandle }) => sourceHandle ?? outputs[0]!.id));
    const loose = outputs.filter(({ id, isOptional }) => !used.has(id) && isOptional !== true);
    const field = `nodes.${index}`;
    const warning = (message: string): UserError[] => [
      { level: 'WARNING', code: 'LOOSE_HANDLE', field, message },
    ];
    if (!outputs.some(({ id }) => used.has(id)))
      return warning(
        `Nothing follows node \`${key}\`, whichever way it decides. Connect one of its handles.`,
      );
    if (loose.length === 0) return [];
    const named = loose.slice(0, MAX_HANDLES).map(({ id }) => quoteForMessage(id));
    const more = loose.length > MAX_HANDLES ? ', …' : '';
    return warning(
      `No edge leads from ${named.join(', ')}${more} of node \`${key}\`: a run that goes there ends on this way. Connect it or remove it.`,
    );
  });
}

function checkEnd(ends: Ends, edge: EdgeDraft, end: 'source' | 'target', field: string): UserError[] {
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
