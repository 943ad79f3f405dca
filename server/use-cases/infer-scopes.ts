import { makeGraph } from '../engine/graph.ts';
import type { Analysis } from '../expressions/analyze-expression.ts';
import { ERROR_HANDLE_ID } from '../nodes/definition.ts';
import type { NodeDraft, WorkflowDraft } from '../nodes/draft.ts';
import { knownBySchema } from './known-by-schema.ts';
import { type KnownObject, type KnownValue, knownByShape, knownObject } from './known-value.ts';

/** What the expressions of a node see. */
export interface NodeScopes {
  /** Of `forEach.items`, and without `forEach` of every other expression too. */
  whole: KnownObject;
  /** Of the configuration, once for each item. */
  item: KnownObject;
}

/**
 * What is known of each node's scope before a run: from inputSchema, and from expressions whose shape is known. A node's
 * input is put together as the engine does (engine/values.ts).
 *
 * @param outputExpressions by node, the expression whose value is the node's output, where there is one
 */
export function inferScopes(
  { nodes, edges, inputSchema }: WorkflowDraft,
  outputExpressions: ReadonlyMap<string, string>,
  analyses: ReadonlyMap<string, Analysis>,
  ancestors: (key: string) => ReadonlySet<string>,
): ReadonlyMap<string, NodeScopes> {
  const executionInput = knownBySchema(inputSchema);
  const inputs = new Map<string, KnownValue | null>();
  const outputs = new Map<string, KnownValue | null>();
  const scopes = new Map<string, NodeScopes>();
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const graph = makeGraph(
    [...byKey.values()],
    edges.map((edge) => ({ ...edge, sourceHandle: edge.sourceHandle ?? 'output' })),
  );

  for (const key of graph.order) {
    const input = inputOf(key);
    inputs.set(key, input);
    scopes.set(key, scopesOf(byKey.get(key)!, input));
    outputs.set(key, outputOf(byKey.get(key)!));
  }
  return scopes;

  /** Of a list that collects, what stands for each item. */
  function outputOf({ key, forEach }: NodeDraft): KnownValue | null {
    const { item } = scopes.get(key)!;
    const output = valueBy(outputExpressions.get(key), item);
    if (forEach?.onItemError !== 'COLLECT') return output;
    const ok: KnownValue = { kind: 'scalar', type: 'boolean' };
    const fields: [string, KnownValue | null][] = [
      ['ok', ok],
      ['output', output],
      ['error', null],
      ['input', item.field('input') ?? null],
    ];
    return knownObject(new Map(fields));
  }

  function scopesOf({ key, forEach }: NodeDraft, input: KnownValue | null): NodeScopes {
    if (forEach === null) {
      const whole = scopeWith(key, input);
      return { whole, item: whole };
    }
    const whole = scopeWith(key, input, { nodeInput: input });
    const item = valueBy(forEach.items, whole);
    const index: KnownValue = { kind: 'scalar', type: 'number' };
    return { whole, item: scopeWith(key, item, { item, index, nodeInput: input }) };
  }

  function scopeWith(
    key: string,
    input: KnownValue | null,
    more: Record<string, KnownValue | null> = {},
  ): KnownObject {
    const text: KnownValue = { kind: 'scalar', type: 'string' };
    return knownObject(
      new Map([
        ['input', input],
        ['nodes', nodesBefore(key)],
        [
          'execution',
          knownObject(
            new Map([
              ['id', text],
              ['workflowId', text],
              ['input', executionInput],
            ]),
          ),
        ],
        ...Object.entries(more),
      ]),
    );
  }

  function nodesBefore(key: string): KnownObject {
    return {
      kind: 'object',
      isClosed: true,
      get names() {
        return [...ancestors(key)];
      },
      field: (name) =>
        ancestors(key).has(name) ? knownObject(new Map([['output', outputs.get(name) ?? null]])) : undefined,
    };
  }

  function valueBy(expression: string | undefined, scope: KnownObject): KnownValue | null {
    return knownByShape(analyses.get(expression ?? '')?.shape ?? null, scope);
  }

  function inputOf(key: string): KnownValue | null {
    const { join, incoming, inputs: alternatives } = graph.nodes.get(key)!;
    if (incoming.length === 0) return executionInput;
    if (incoming.length === 1) return edgeValue(incoming[0]!);
    const nameOf = (edge: { source: string; targetHandle: string | null }) =>
      edge.targetHandle ?? edge.source;
    const arrivals = join === 'ANY' ? incoming.map((edge) => [edge]) : alternatives;
    const names = Map.groupBy(arrivals, ([edge]) => nameOf(edge!));
    const fields = new Map<string, KnownValue | null>();
    for (const [name, those] of names) {
      const [edge, ...others] = those[0]!;
      if (those.length === 1) fields.set(name, others.length === 0 ? edgeValue(edge!) : null);
      // Where several that share a name come, each has the name of its source.
      else for (const { source } of those.flat()) for (const each of [name, source]) fields.set(each, null);
    }
    return knownObject(fields);
  }

  function edgeValue({ source, sourceHandle }: { source: string; sourceHandle: string }): KnownValue | null {
    if (sourceHandle !== ERROR_HANDLE_ID) return outputs.get(source) ?? null;
    return knownObject(
      new Map([
        ['error', null],
        ['input', inputs.get(source) ?? null],
      ]),
    );
  }
}
