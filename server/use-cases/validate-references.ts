import type { Analysis } from '../expressions/analyze-expression.ts';
import { explainMissing, type Path, quotePath } from '../expressions/undefined-reference.ts';
import type { NodeScopes } from './infer-scopes.ts';
import { type KnownObject, type KnownValue, lookUp } from './known-value.ts';
import type { UserError } from './types.ts';
import type { PlacedExpression } from './validate-expressions.ts';

/** Warnings of paths to fields that are known to be missing, each once at its expression; the first `most`. */
export function findUndefinedReferences(
  placed: readonly PlacedExpression[],
  analyses: ReadonlyMap<string, Analysis>,
  scopes: ReadonlyMap<string, NodeScopes>,
  most: number,
): UserError[] {
  const warnings = new Map<string, UserError>();
  for (const { field, expression, nodeKey, seesItem, sees = [] } of placed) {
    const scope = scopes.get(nodeKey)?.[seesItem ? 'item' : 'whole'];
    if (scope === undefined) continue;
    for (const path of analyses.get(expression)?.references ?? []) {
      if (warnings.size >= most) return [...warnings.values()];
      // Where a secret may not be is an error already.
      if (sees.includes(path[0]!) || path[0] === 'secrets') continue;
      const found = lookUp(scope, path);
      if (found.kind === 'found' || isUnknownNode(path, found.at)) continue;
      const place = JSON.stringify([field, ...path.slice(0, found.at + 1)]);
      if (warnings.has(place)) continue;
      const message = explain(path, found.at, found.parent);
      warnings.set(place, { level: 'WARNING', code: 'UNDEFINED_REFERENCE', field, message });
    }
  }
  return [...warnings.values()];
}

/** Which is an error already. */
function isUnknownNode(path: Path, at: number): boolean {
  return path[0] === 'nodes' && at === 1;
}

function explain(path: Path, at: number, parent: KnownValue): string {
  const reference = quotePath(path);
  const owner = quotePath(path.slice(0, at));
  if (parent.kind === 'scalar')
    return `${reference} is undefined: ${owner} is of type ${parent.type}, which has no fields.`;
  if (parent.names.length === 0) return `${reference} is undefined: ${owner} has no fields.`;
  const reason = explainMissing(path, at, parent.names, childWith(parent, path[at]!));
  return parent.isClosed
    ? `${reference} is undefined: ${reason}`
    : `${reference} may be undefined, as the inputSchema does not name it: ${reason}`;
}

/** The one field that has a field of this name itself: `total` is `input.total`, or `a.total` behind a join. */
function childWith(parent: KnownObject, name: string): string | undefined {
  const children = parent.names.slice(0, MAX_CHILDREN).filter((child) => {
    const value = parent.field(child);
    return value?.kind === 'object' && value.names.includes(name);
  });
  return children.length === 1 ? children[0] : undefined;
}

const MAX_CHILDREN = 100;
