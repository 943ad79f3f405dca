import type { WorkflowInput } from '@weft/client';

/** A workflow to begin with, and an input that it can be run with at once. */
export interface WorkflowTemplate {
  id: string;
  name: string;
  description: string;
  workflow: WorkflowInput;
  sampleInput: unknown;
}
