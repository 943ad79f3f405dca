import {
  type DocumentEdge,
  type DocumentNode,
  toDocument,
  toInput,
  type WorkflowDocument,
} from './document.ts';
import type { Clip } from './operations.ts';

/** Nodes as text for the clipboard: plain JSON, that people can read, keep and paste into another window. */
export function writeClip({ nodes, edges }: Clip): string {
  return JSON.stringify({ nodes, edges }, null, 2);
}

/** Nodes of a text that was copied from an editor, or of a whole workflow; null where it is some other text. */
export function readClip(text: string): Clip | null {
  const parsed = readWorkflow(text);
  return 'problem' in parsed || parsed.document.nodes.length === 0 ? null : parsed.document;
}

export function writeFile(document: WorkflowDocument): string {
  return `${JSON.stringify(toInput(document), null, 2)}\n`;
}

/** A workflow of a file that `writeFile` wrote, or somebody by hand; or what is wrong with the text. */
export function readWorkflow(text: string): { document: WorkflowDocument } | { problem: string } {
  if (text.length > maxLength)
    return {
      problem: `Expected at most ${maxLength / 1e6} MB of JSON, got ${Math.ceil(text.length / 1e6)} MB.`,
    };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: `Expected a workflow as JSON: ${(error as Error).message}.` };
  }
  return readWorkflowValue(value);
}

const maxLength = 20_000_000;

/** Judges the shape alone: what the workflow means is judged by the server. */
export function readWorkflowValue(value: unknown): { document: WorkflowDocument } | { problem: string } {
  if (!isObject(value)) return { problem: 'Expected an object with `nodes`, got something else.' };
  const { name = '', description, nodes, edges = [], inputSchema, outputSchema } = value;
  const { timeoutMs, onFailure, pythonPolicy, concurrency, rate, debounce, priority, labels, retention } =
    value;
  if (!Array.isArray(nodes) || !nodes.every(isNode))
    return { problem: 'Expected `nodes` to be a list of objects, each with a `key` and a `type`.' };
  if (!Array.isArray(edges) || !edges.every(isEdge))
    return { problem: 'Expected `edges` to be a list of objects, each with a `source` and a `target`.' };
  if (new Set(nodes.map(({ key }) => key)).size < nodes.length)
    return { problem: 'Expected each node to have a key of its own, got one twice.' };
  const text = (each: unknown) => (typeof each === 'string' ? each : undefined);
  const limit = <T>(each: unknown) => (isObject(each) ? each : undefined) as T | undefined;
  return {
    document: toDocument({
      name: text(name) ?? '',
      description: text(description),
      nodes,
      edges,
      inputSchema,
      outputSchema,
      timeoutMs: typeof timeoutMs === 'number' ? timeoutMs : undefined,
      onFailure: onFailure === 'PARK' ? onFailure : undefined,
      // Whether it is one, the server judges.
      pythonPolicy: text(pythonPolicy) as WorkflowDocument['pythonPolicy'],
      concurrency: limit<WorkflowDocument['concurrency']>(concurrency),
      rate: limit<WorkflowDocument['rate']>(rate),
      debounce: limit<WorkflowDocument['debounce']>(debounce),
      priority: typeof priority === 'number' ? priority : undefined,
      labels: text(labels),
      retention: limit<WorkflowDocument['retention']>(retention),
    }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNode(value: unknown): value is DocumentNode {
  if (!isObject(value)) return false;
  const { key, type, name, position, join, retry, forEach } = value;
  return (
    typeof key === 'string' &&
    typeof type === 'string' &&
    (name == null || typeof name === 'string') &&
    (position == null ||
      (isObject(position) && Number.isFinite(position.x) && Number.isFinite(position.y))) &&
    (join == null || join === 'ALL' || join === 'ANY') &&
    (retry == null || isObject(retry)) &&
    (forEach == null || (isObject(forEach) && typeof forEach.items === 'string'))
  );
}

function isEdge(value: unknown): value is DocumentEdge {
  if (!isObject(value)) return false;
  const { source, sourceHandle, target, targetHandle } = value;
  const isName = (each: unknown) => each == null || typeof each === 'string';
  return (
    typeof source === 'string' && typeof target === 'string' && isName(sourceHandle) && isName(targetHandle)
  );
}
