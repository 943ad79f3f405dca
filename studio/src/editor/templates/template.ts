import type { WorkflowInput } from '@weft/client';

/** A workflow to begin with, and an input that it can be run with at once. */
export interface WorkflowTemplate {
  id: string;
  name: string;
  description: string;
  workflow: WorkflowInput;
  sampleInput: unknown;
}

/** What its nodes install when they first run. */
export function packagesOf({ workflow }: WorkflowTemplate): readonly string[] {
  const lists = workflow.nodes.map(
    ({ config }) => (config as { packages?: readonly string[] } | null)?.packages,
  );
  return [...new Set(lists.flatMap((list) => list ?? []))];
}
