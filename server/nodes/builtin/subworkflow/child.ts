import { z } from 'zod';
import { givenBy } from '../../../shared/trace-context.ts';
import type { ChildOutcome, Children } from '../../children.ts';
import { type ConfigProblem, type FieldMeta, type NodeContext, NodeFailure } from '../../definition.ts';
import { hasTemplate } from '../../template.ts';

/** Which workflow a node starts. */
export const whichWorkflow = {
  workflow: z
    .string()
    .min(1)
    .max(1_000)
    .meta({
      title: 'Workflow',
      description: 'The key of the workflow, or its id. It may hold templates.',
      placeholder: 'monthly-report',
      widget: 'workflow',
    } satisfies FieldMeta),
  version: z
    .int()
    .min(1)
    .optional()
    .meta({
      title: 'Version',
      description: 'The version to run; the latest of that moment where it is empty.',
      widget: 'number',
    } satisfies FieldMeta),
};

export interface WhichWorkflow {
  workflow: string;
  version?: number | undefined;
}

/** A name without a template can be looked up where the workflow is saved. */
export async function inspectWorkflow(
  children: Children,
  { workflow, version }: Partial<WhichWorkflow>,
  project: string,
): Promise<ConfigProblem[]> {
  if (workflow === undefined || hasTemplate(workflow)) return [];
  const problem = await children.problem(workflow, version ?? null, project);
  return problem === null
    ? []
    : [{ level: 'WARNING', path: [problem.field], code: 'UNKNOWN_WORKFLOW', message: problem.message }];
}

/** @param part tells the children of one try of a node apart. @throws NodeFailure where it cannot be started */
export async function startChild(
  children: Children,
  { nodeKey, item, scope, tryId, trace, config, signal }: NodeContext<WhichWorkflow>,
  { input, part, isAwaited }: { input: unknown; part: number; isAwaited: boolean },
): Promise<string> {
  const request = {
    workflow: config.workflow,
    version: config.version ?? null,
    input,
    parent: { executionId: scope.execution.id, nodeKey, item },
    isAwaited,
    key: `${tryId}.${part}`,
    trace: givenBy(trace()),
  };
  const started = await children.start(request, signal);
  if (started.ok) return started.executionId;
  throw new NodeFailure({ code: started.code, message: started.message });
}

/**
 * The output of a child that has ended well; null while it has not ended.
 * @throws NodeFailure with the code of the child's error
 */
export async function childOutput(
  children: Children,
  executionId: string,
  signal: AbortSignal,
): Promise<{ output: unknown } | null> {
  const outcome = await children.outcome(executionId, signal);
  if (outcome?.status === 'SUCCEEDED') return { output: outcome.output };
  if (outcome !== null && outcome.status !== 'FAILED' && outcome.status !== 'CANCELED') return null;
  throw childFailure(executionId, outcome);
}

function childFailure(executionId: string, outcome: ChildOutcome | null): NodeFailure {
  const details = { executionId };
  if (outcome === null) {
    const message = `Execution ${executionId}, which this node waited for, was deleted.`;
    return new NodeFailure({ code: 'SUBWORKFLOW_DELETED', message, details });
  }
  const { error } = outcome;
  if (error === null) {
    const message = `Execution ${executionId}, which this node waited for, was canceled.`;
    return new NodeFailure({ code: 'SUBWORKFLOW_CANCELED', message, details });
  }
  return new NodeFailure({
    code: error.code,
    type: error.type,
    message: `Execution ${executionId} failed: ${error.message}`,
    details: { ...details, nodeKey: error.nodeKey, details: error.details ?? null },
    retryable: error.retryable,
  });
}
