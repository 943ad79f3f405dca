import type { WorkflowInput } from '@weft/client';

/**
 * The workflow in a file: as the editor exports it, or as the API's `WorkflowInput`. What its nodes hold is judged by
 * the server. @throws Error for people
 */
export async function readWorkflowFile(file: File): Promise<WorkflowInput> {
  if (file.size > maxBytes)
    throw new Error(`Expected a file of at most 16 MB, got ${file.name}, which is larger.`);
  const content = parse(await file.text(), file.name);
  const workflow = isObject(content) && isObject(content.workflow) ? content.workflow : content;
  if (!isObject(workflow) || !Array.isArray(workflow.nodes))
    throw new Error(`Expected a workflow with \`nodes\` in ${file.name}, got something else.`);
  const { name, description, nodes, edges, inputSchema, outputSchema, timeoutMs, onFailure, pythonPolicy } =
    workflow;
  const { concurrency, rate, debounce, priority, labels, retention } = workflow;
  return {
    name: typeof name === 'string' && name.trim() !== '' ? name : file.name.replace(/\.json$/i, ''),
    ...(description == null ? {} : { description: String(description) }),
    nodes,
    edges: Array.isArray(edges) ? edges : [],
    ...(inputSchema == null ? {} : { inputSchema }),
    ...(outputSchema == null ? {} : { outputSchema }),
    ...(typeof timeoutMs === 'number' ? { timeoutMs } : {}),
    ...(onFailure === 'PARK' ? { onFailure } : {}),
    ...(pythonPolicy == null ? {} : { pythonPolicy: pythonPolicy as WorkflowInput['pythonPolicy'] }),
    ...(isObject(concurrency) ? { concurrency: concurrency as unknown as WorkflowInput['concurrency'] } : {}),
    ...(isObject(rate) ? { rate: rate as unknown as WorkflowInput['rate'] } : {}),
    ...(isObject(debounce) ? { debounce: debounce as unknown as WorkflowInput['debounce'] } : {}),
    ...(typeof priority === 'number' ? { priority } : {}),
    ...(typeof labels === 'string' ? { labels } : {}),
    ...(isObject(retention) ? { retention: retention as WorkflowInput['retention'] } : {}),
  };
}

const maxBytes = 16_000_000;

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`Expected JSON in ${name}: ${(error as Error).message}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
