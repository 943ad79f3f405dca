import type { Graph, GraphNode } from '../engine/graph.ts';
import type { Analysis } from '../expressions/analyze-expression.ts';
import { ERROR_HANDLE_ID } from '../nodes/definition.ts';
import { quoteForMessage } from './keys.ts';
import type { Conditions, StartConditions } from './start-conditions.ts';
import type { UserError } from './types.ts';
import type { PlacedExpression } from './validate-expressions.ts';

/** A longer list in a message helps nobody. */
const MAX_INPUTS = 4;

/** Warnings of nodes that can never start, because their inputs need one and the same node to emit on several handles. */
export function findImpossibleJoins(
  { nodes, order }: Graph,
  conditions: StartConditions,
  indexOf: (key: string) => number,
): UserError[] {
  return order.flatMap((key): UserError[] => {
    const node = nodes.get(key)!;
    if (node.join === 'ANY' || node.inputs.length < 2) return [];
    const inputs = node.inputs.flatMap((edges) => {
      const needs = conditions.ofAny(edges);
      return needs === null ? [] : [{ edges, needs }];
    });
    if (inputs.length < node.inputs.length) return []; // The source that can never start has the warning.
    const fork = conditions.conflict(inputs.map(({ needs }) => needs));
    if (fork === null) return [];
    const message = explainJoin(node, fork, inputs);
    return [{ level: 'WARNING', code: 'JOIN_NEVER_MET', field: `nodes.${indexOf(key)}.join`, message }];
  });
}

type Input = { edges: GraphNode['incoming']; needs: Conditions };

function explainJoin({ key }: GraphNode, fork: string, inputs: readonly Input[]): string {
  const involved = inputs.filter(({ needs }) => needs.has(fork));
  const said = involved
    .slice(0, MAX_INPUTS)
    .map(({ edges, needs }) => `${nameInput(edges)} needs ${quoteHandles(needs.get(fork)!)}`);
  const more = involved.length > MAX_INPUTS ? ', …' : '';
  return (
    `Node \`${key}\` waits for all of its inputs and can never start: they come from different handles of \`${fork}\`, which ` +
    `emits on one only (${said.join(', ')}${more}). Set \`join: ANY\`, or give the edges the same \`targetHandle\`, so that they are alternatives for one input.`
  );
}

function nameInput(edges: GraphNode['incoming']): string {
  const { targetHandle, source } = edges[0]!;
  return targetHandle === null ? `the one from \`${source}\`` : `\`${targetHandle}\``;
}

function quoteHandles(handles: ReadonlySet<string>): string {
  return [...handles].map(quoteForMessage).join(' or ');
}

/**
 * Warnings of references to the output of a node that cannot have one where the expression is evaluated: because it has
 * failed then, or because a run comes to one of the two alone.
 */
export function findImpossibleReferences(
  placed: readonly PlacedExpression[],
  analyses: ReadonlyMap<string, Analysis>,
  conditions: StartConditions,
  ancestors: (key: string) => ReadonlySet<string>,
): UserError[] {
  return placed.flatMap(({ field, expression, nodeKey }) => {
    const own = conditions.of(nodeKey);
    if (own === null) return [];
    const read = analyses.get(expression)!.references.filter(([root]) => root === 'nodes');
    return [...new Set(read.map(([, key]) => key!))]
      .filter((key) => ancestors(nodeKey).has(key))
      .flatMap((key): UserError[] => {
        const message = explainReference(key, nodeKey, own, conditions);
        return message === null ? [] : [{ level: 'WARNING', code: 'UNDEFINED_REFERENCE', field, message }];
      });
  });
}

function explainReference(
  key: string,
  nodeKey: string,
  own: Conditions,
  conditions: StartConditions,
): string | null {
  const emitted = own.get(key);
  const start = `\`nodes.${key}.output\` is undefined: node \`${nodeKey}\` starts only when`;
  if (emitted?.size === 1 && emitted.has(ERROR_HANDLE_ID))
    return `${start} \`${key}\` has failed. What it was given is \`input\` of the value from its error handle.`;
  const theirs = conditions.of(key);
  if (theirs === null) return null; // It can never start, and has the warning of that.
  const fork = conditions.conflict([own, theirs]);
  if (fork === null) return null;
  const handles = (of: Conditions) => quoteHandles(of.get(fork)!);
  return `${start} \`${fork}\` has emitted on ${handles(own)}, and \`${key}\` only when it has emitted on ${handles(theirs)}.`;
}
