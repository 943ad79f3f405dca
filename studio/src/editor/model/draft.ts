import { toInput, type WorkflowDocument } from './document.ts';
import { readWorkflowValue } from './text.ts';

/** Unsaved work, kept in the browser for each workflow: a reload, a crash or a server that is gone loses none of it. */
export interface Draft {
  document: WorkflowDocument;
  /** The version that it began from. */
  baseVersion: number;
  /** Milliseconds since 1970. */
  at: number;
}

interface StoredDraft extends Omit<Draft, 'document'> {
  document: unknown;
  /** Absent in drafts of releases before nodes had a join, which mean ANY. */
  hasJoins: true;
}

export type DraftStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** Null where there is none, or none that can be read. */
export function readDraft(storage: DraftStorage, workflowId: string): Draft | null {
  try {
    const value = JSON.parse(storage.getItem(nameOf(workflowId)) ?? 'null') as Partial<StoredDraft> | null;
    const parsed = readWorkflowValue(value?.hasJoins ? value.document : withAnyJoins(value?.document));
    if (value === null || 'problem' in parsed || !Number.isInteger(value.baseVersion)) return null;
    return { document: parsed.document, baseVersion: value.baseVersion!, at: Number(value.at) || 0 };
  } catch {
    return null;
  }
}

/** Whether it is kept: storage may be full or blocked. */
export function writeDraft(storage: DraftStorage, workflowId: string, draft: Draft): boolean {
  try {
    const document = toInput(draft.document);
    const stored: StoredDraft = { ...draft, document, hasJoins: true };
    storage.setItem(nameOf(workflowId), JSON.stringify(stored));
    return true;
  } catch {
    return false;
  }
}

export function removeDraft(storage: DraftStorage, workflowId: string): void {
  try {
    storage.removeItem(nameOf(workflowId));
  } catch {
    // Blocked storage holds no draft.
  }
}

function withAnyJoins(document: unknown): unknown {
  const { nodes } = (document ?? {}) as { nodes?: unknown };
  if (!Array.isArray(nodes)) return document;
  return { ...(document as object), nodes: nodes.map((node) => ({ ...node, join: 'ANY' })) };
}

function nameOf(workflowId: string): string {
  return `weft.draft.${workflowId}`;
}
