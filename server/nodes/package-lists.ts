import type { ProjectPackages } from '../packages/check.ts';

/** The packages that projects allow, where they allow less than the operator does; null for those that do not. */
export interface PackageLists {
  /** As it is now. */
  ofProject(project: string): Promise<ProjectPackages | null>;
  /** Of the project of an execution, as it was at most a few seconds ago. */
  ofExecution(executionId: string, signal: AbortSignal): Promise<ProjectPackages | null>;
}
