import type { UserError } from '@weft/client';

/** Something that is wrong with a node, or may be. */
export interface NodeProblem {
  /** Within the node, such as `config.timeoutMs` or `retry.maxAttempts`; null for the node as a whole. */
  field: string | null;
  message: string;
  code?: string;
  /** `ERROR` unless given. A warning keeps nothing from being saved or run. */
  level?: UserError['level'];
}

/** Those of what `workflows.validate()` found that concern the node at `index`, with paths as its form needs them. */
export function problemsOfNode(findings: readonly UserError[], index: number): NodeProblem[] {
  const prefix = `nodes.${index}`;
  return findings.flatMap(({ field, ...rest }): NodeProblem[] => {
    if (field === prefix) return [{ ...rest, field: null }];
    return field?.startsWith(`${prefix}.`) ? [{ ...rest, field: field.slice(prefix.length + 1) }] : [];
  });
}

/** Those of a field, and of what is in it. */
export function problemsWithin(problems: readonly NodeProblem[], path: string): NodeProblem[] {
  return problems.filter(({ field }) => field === path || field?.startsWith(`${path}.`));
}

/** Those of exactly this field. */
export function problemsAt(problems: readonly NodeProblem[], path: string): NodeProblem[] {
  return problems.filter(({ field }) => field === path);
}
