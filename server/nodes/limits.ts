import type { WorkflowDraft } from './draft.ts';

/** What a workflow without limits says of them. */
export const noLimits: Pick<WorkflowDraft, 'concurrency' | 'rate' | 'debounce' | 'priority'> = {
  concurrency: null,
  rate: null,
  debounce: null,
  priority: null,
};

/** The limits that hold an execution back, in the order in which it passes them. */
export const limitNames = ['DEBOUNCE', 'CONCURRENCY', 'RATE'] as const;
export type LimitName = (typeof limitNames)[number];

export const DEFAULT_PRIORITY = 3;
export const MAX_PRIORITY = 5;
