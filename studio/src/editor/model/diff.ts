import type { CanvasMark } from '../../canvas/types.ts';
import { edgeIds } from '../../canvas/types.ts';
import { type DocumentNode, isEqual, type WorkflowDocument, workflowSettings } from './document.ts';

export interface NodeChange {
  key: string;
  mark: CanvasMark;
  before: DocumentNode | undefined;
  after: DocumentNode | undefined;
}

export interface WorkflowDiff {
  /** In the order of the later version, those that are gone last. */
  nodes: readonly NodeChange[];
  edges: { added: readonly string[]; removed: readonly string[] };
  settings: readonly (typeof settings)[number][];
  /** How many nodes have moved and are else the same. */
  movedCount: number;
}

/** What differs between two versions. Where a node is drawn is no change of it. */
export function diffDocuments(before: WorkflowDocument, after: WorkflowDocument): WorkflowDiff {
  const ofBefore = new Map(before.nodes.map((node) => [node.key, node]));
  const ofAfter = new Map(after.nodes.map((node) => [node.key, node]));
  const nodes: NodeChange[] = [];
  let movedCount = 0;
  for (const node of after.nodes) {
    const last = ofBefore.get(node.key);
    if (last === undefined) nodes.push({ key: node.key, mark: 'added', before: undefined, after: node });
    else if (!isEqual(withoutPlace(last), withoutPlace(node)))
      nodes.push({ key: node.key, mark: 'changed', before: last, after: node });
    else if (!isEqual(last.position, node.position)) movedCount += 1;
  }
  for (const node of before.nodes)
    if (!ofAfter.has(node.key))
      nodes.push({ key: node.key, mark: 'removed', before: node, after: undefined });

  const [edgesBefore, edgesAfter] = [new Set(edgeIds(before.edges)), new Set(edgeIds(after.edges))];
  return {
    nodes,
    edges: {
      added: [...edgesAfter].filter((id) => !edgesBefore.has(id)),
      removed: [...edgesBefore].filter((id) => !edgesAfter.has(id)),
    },
    settings: settings.filter((setting) => !isEqual(before[setting], after[setting])),
    movedCount,
  };
}

const settings = ['name', ...workflowSettings] as const;

export function isSameWorkflow({ nodes, edges, settings: changed, movedCount }: WorkflowDiff): boolean {
  return nodes.length + edges.added.length + edges.removed.length + changed.length === 0 && movedCount === 0;
}

function withoutPlace({ position: _, ...rest }: DocumentNode): object {
  return rest;
}
