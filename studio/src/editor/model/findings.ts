import type { UserError } from '@weft/client';
import type { CanvasProblem } from '../../canvas/types.ts';
import type { WorkflowDocument } from './document.ts';

/** Something that the server says of the workflow, with where it is. */
export interface Finding {
  severity: 'error' | 'warning';
  message: string;
  /** The path in the workflow, as the server names it; null where the whole is meant. */
  field: string | null;
  /** The node that it is about; of an edge the node that it begins at. */
  nodeKey: string | null;
  /** The path within the node, such as `config.timeoutMs`. */
  nodeField: string | null;
}

/** Places what the server found in the document that it judged. */
export function placeFindings(errors: readonly UserError[], document: WorkflowDocument): Finding[] {
  return errors.map(({ level, field, message }) => {
    const [list, index, ...rest] = (field ?? '').split('.');
    const node = list === 'nodes' ? document.nodes[Number(index)] : undefined;
    const edge = list === 'edges' ? document.edges[Number(index)] : undefined;
    return {
      severity: level === 'WARNING' ? 'warning' : 'error',
      message,
      field: field ?? null,
      nodeKey: node?.key ?? edge?.source ?? null,
      nodeField: node && rest.length > 0 ? rest.join('.') : null,
    };
  });
}

export function toCanvasProblems(findings: readonly Finding[]): CanvasProblem[] {
  return findings.flatMap(({ nodeKey, severity, message }) =>
    nodeKey === null ? [] : [{ nodeKey, severity, message }],
  );
}
