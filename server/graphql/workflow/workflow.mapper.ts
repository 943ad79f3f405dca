import type { EdgeDraft, NodeDraft, WorkflowDraft } from '../../nodes/draft.ts';
import type * as workflows from '../../use-cases/types.ts';
import type { SaveOutcome, UpsertOutcome, UpsertPlan } from '../../use-cases/workflows.ts';
import type { RetentionRuleInput } from './retention.input.ts';
import type { WorkflowEdgeInput, WorkflowInput, WorkflowNodeInput } from './workflow.input.ts';
import type { Workflow, WorkflowVersion } from './workflow.type.ts';

export function toWorkflow(workflow: workflows.Workflow): Workflow {
  return { ...workflow, latestVersion: toWorkflowVersion(workflow.latestVersion) };
}

export function toWorkflowVersion(version: workflows.WorkflowVersion): WorkflowVersion {
  return version;
}

/** The payload of a mutation that saves a workflow. */
export function toWorkflowPayload({ warnings, ...outcome }: SaveOutcome) {
  return outcome.ok
    ? { workflow: toWorkflow(outcome.value), userErrors: [], warnings }
    : { workflow: null, userErrors: outcome.userErrors, warnings };
}

export function toUpsertPayload({ change, ...outcome }: UpsertOutcome) {
  return { ...toWorkflowPayload(outcome), change };
}

export function toUpsertPlan({ workflow, ...plan }: UpsertPlan) {
  return { ...plan, workflow: workflow && toWorkflow(workflow) };
}

/** What the author left out becomes null, so that a draft has one shape. */
export function toWorkflowDraft({
  name,
  description,
  nodes,
  edges,
  inputSchema,
  outputSchema,
  timeoutMs,
  onFailure,
  pythonPolicy,
  concurrency,
  rate,
  debounce,
  priority,
  labels,
  retention,
}: WorkflowInput): WorkflowDraft {
  return {
    name,
    description: description ?? null,
    nodes: nodes.map(toNodeDraft),
    edges: edges.map(toEdgeDraft),
    inputSchema: inputSchema ?? null,
    outputSchema: outputSchema ?? null,
    timeoutMs: timeoutMs ?? null,
    onFailure,
    pythonPolicy: pythonPolicy ?? null,
    concurrency: concurrency ? { ...concurrency, key: concurrency.key ?? null } : null,
    rate: rate ? { ...rate, key: rate.key ?? null } : null,
    debounce: debounce
      ? { ...debounce, maxWaitMs: debounce.maxWaitMs ?? null, key: debounce.key ?? null }
      : null,
    priority: priority ?? null,
    labels: labels ?? null,
    retention: toRetention(retention),
  };
}

function toNodeDraft(node: WorkflowNodeInput): NodeDraft {
  const { key, type, name, config, position, join, retry, forEach } = node;
  return {
    key,
    type,
    name: name ?? null,
    config: config ?? {},
    position: position ? { ...position } : null,
    join,
    retry: retry ? { ...retry } : null,
    forEach: forEach ? { ...forEach } : null,
  };
}

function toEdgeDraft({ source, sourceHandle, target, targetHandle }: WorkflowEdgeInput): EdgeDraft {
  return { source, sourceHandle: sourceHandle ?? null, target, targetHandle: targetHandle ?? null };
}

function toRetention(given: WorkflowInput['retention']): WorkflowDraft['retention'] {
  if (!given) return null;
  const rule = (each: RetentionRuleInput | null | undefined) =>
    each ? { days: each.days ?? null, count: each.count ?? null } : null;
  return { succeeded: rule(given.succeeded), failed: rule(given.failed), canceled: rule(given.canceled) };
}
