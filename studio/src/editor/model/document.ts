import type {
  ForEachInput,
  PythonPolicy,
  WorkflowEdgeInput,
  WorkflowInput,
  WorkflowNodeInput,
} from '@weft/client';
import { defaultBatch } from '../../form/settings/list-defaults.ts';

/** A workflow as the editor holds it: what the API takes, with nothing in it that is null or the default. Never changed in place. */
export interface WorkflowDocument {
  name: string;
  description?: string;
  nodes: readonly DocumentNode[];
  edges: readonly DocumentEdge[];
  inputSchema?: unknown;
  outputSchema?: unknown;
  timeoutMs?: number;
  onFailure?: 'PARK';
  pythonPolicy?: PythonPolicy;
  concurrency?: NonNullable<WorkflowInput['concurrency']>;
  rate?: NonNullable<WorkflowInput['rate']>;
  debounce?: NonNullable<WorkflowInput['debounce']>;
  priority?: number;
  labels?: string;
  retention?: NonNullable<WorkflowInput['retention']>;
}

/** What belongs to the workflow as a whole, beside its name. */
export const workflowSettings = [
  'description',
  'inputSchema',
  'outputSchema',
  'timeoutMs',
  'onFailure',
  'pythonPolicy',
  'concurrency',
  'rate',
  'debounce',
  'priority',
  'labels',
  'retention',
] as const;

export type DocumentNode = WorkflowNodeInput;
export type DocumentEdge = WorkflowEdgeInput;

/** What a version, an input or a file says, without what is null: two that mean the same are equal. */
export function toDocument(workflow: WorkflowLike): WorkflowDocument {
  const { name, nodes, edges } = workflow;
  return withoutNulls({
    name,
    ...Object.fromEntries(workflowSettings.map((setting) => [setting, workflow[setting]])),
    onFailure: workflow.onFailure === 'PARK' ? workflow.onFailure : undefined,
    concurrency: toConcurrency(workflow.concurrency),
    rate: workflow.rate && withoutNulls(workflow.rate),
    debounce: workflow.debounce && withoutNulls(workflow.debounce),
    retention: toRetention(workflow.retention),
    nodes: nodes.map(toNode),
    edges: (edges ?? []).map(({ source, sourceHandle, target, targetHandle }) =>
      withoutNulls({ source, sourceHandle, target, targetHandle }),
    ),
  });
}

export interface WorkflowLike {
  name: string;
  description?: string | null | undefined;
  nodes: readonly DocumentNode[];
  edges?: readonly DocumentEdge[] | null | undefined;
  inputSchema?: unknown;
  outputSchema?: unknown;
  timeoutMs?: number | null | undefined;
  onFailure?: 'FAIL' | 'PARK' | null | undefined;
  pythonPolicy?: PythonPolicy | null | undefined;
  concurrency?: WorkflowInput['concurrency'];
  rate?: WorkflowInput['rate'];
  debounce?: WorkflowInput['debounce'];
  priority?: number | null | undefined;
  labels?: string | null | undefined;
  retention?: WorkflowInput['retention'];
}

/** Of a version each status is there, null where nothing is said of it. */
function toRetention(retention: WorkflowInput['retention']): WorkflowInput['retention'] {
  const said = Object.entries(retention ?? {}).filter(([, rule]) => rule != null);
  return said.length === 0
    ? undefined
    : Object.fromEntries(said.map(([status, rule]) => [status, withoutNulls(rule!)]));
}

export function toInput({ nodes, edges, ...rest }: WorkflowDocument): WorkflowInput {
  return { ...rest, nodes: [...nodes], edges: [...edges] };
}

/** Equal as JSON, whatever the order of properties: the database has its own. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => isEqual(item, b[index]))
    );
  const [ofA, ofB] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(ofA).filter((key) => ofA[key] !== undefined);
  return (
    keys.length === Object.keys(ofB).filter((key) => ofB[key] !== undefined).length &&
    keys.every((key) => Object.hasOwn(ofB, key) && isEqual(ofA[key], ofB[key]))
  );
}

/** `base`, or with a number where a node has that key already. */
export function freeKey(base: string, taken: ReadonlySet<string>): string {
  const clean = base.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 56) || 'node';
  if (!taken.has(clean)) return clean;
  const stem = clean.replace(/_\d+$/, '');
  for (let number = 2; ; number += 1) {
    const key = `${stem}_${number}`;
    if (!taken.has(key)) return key;
  }
}

function toNode(node: DocumentNode): DocumentNode {
  const { key, type, name, config, position, join, retry, forEach } = node;
  const place = position && { x: position.x, y: position.y };
  const any = join === 'ANY' ? join : undefined;
  const list = forEach && (withoutDefault(forEach) as typeof forEach);
  return withoutNulls({ key, type, name, config, position: place, join: any, retry, forEach: list });
}

function withoutDefault({ onItemError = 'FAIL', batch = defaultBatch, ...forEach }: ForEachInput) {
  return {
    ...forEach,
    ...(batch !== defaultBatch && { batch }),
    ...(onItemError !== 'FAIL' && { onItemError }),
  };
}

function toConcurrency(concurrency: WorkflowLike['concurrency']) {
  if (!concurrency) return undefined;
  const { whenFull, ...rest } = concurrency;
  return withoutNulls({ ...rest, whenFull: whenFull === 'QUEUE' ? undefined : whenFull });
}

/** The type stays what it was: what may be null may be left out as well. */
function withoutNulls<T extends object>(value: T): never {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each != null)) as never;
}
