import { Document, isMap, isSeq, parseDocument } from 'yaml';
import type { WorkflowInput, WorkflowVersionPartsFragment } from '../_generated_operations.ts';
import { WeftError } from '../errors.ts';

/** The files of one workflow in its folder: each one's text by its name. */
export type WorkflowFiles = ReadonlyMap<string, string>;

/** Names, nodes and edges of a workflow. */
export const WORKFLOW_FILE = 'workflow.yaml';

/** What the API takes where a file says nothing. */
const defaults = {
  workflow: { onFailure: 'FAIL', edges: [] },
  node: { join: 'ALL', config: {} },
  retry: { maxAttempts: 3, initialDelayMs: 1_000, backoffFactor: 2, maxDelayMs: 60_000, retryOn: [] },
  forEach: { concurrency: 10, batch: 100, onItemError: 'FAIL' },
  concurrency: { whenFull: 'QUEUE' },
} as const;

type Version = Omit<WorkflowVersionPartsFragment, 'number' | 'createdAt'>;

/**
 * The files of a workflow: `workflow.yaml`, and the code of each Python node in a file of its own. The same workflow
 * always gives the same text; what the API takes by default is left out.
 */
export function renderWorkflow(workflow: Version | WorkflowInput): WorkflowFiles {
  const files = new Map([[WORKFLOW_FILE, '']]);
  const { name, description, inputSchema, outputSchema, nodes, edges, ...settings } = workflow;
  const { concurrency, ...others } = settings;
  const content = {
    name,
    ...said({ description }, {}),
    ...said(
      { ...others, concurrency: concurrency && said(concurrency, defaults.concurrency) },
      defaults.workflow,
    ),
    ...said({ inputSchema, outputSchema }, {}),
    nodes: nodes.map((node) => renderNode(node, files)),
    ...said({ edges: (edges ?? []).map((edge) => said(edge, {})) }, defaults.workflow),
  };
  files.set(WORKFLOW_FILE, toYaml(content));
  return files;
}

type Node = (Version | WorkflowInput)['nodes'][number];

/** Adds the file of its code. */
function renderNode(node: Node, files: Map<string, string>): object {
  const { key, type, config, retry, forEach, ...others } = node;
  const { code, ...settings } = (config ?? {}) as Record<string, unknown>;
  const hasFile = type === 'python' && typeof code === 'string' && !code.includes('\r');
  const codeFile = hasFile ? freeName(key, files) : undefined;
  if (hasFile) files.set(codeFile!, code);
  return said(
    {
      key,
      type,
      ...others,
      codeFile,
      config: hasFile ? settings : config,
      retry: retry && said(retry, defaults.retry),
      forEach: forEach && said(forEach, defaults.forEach),
    },
    defaults.node,
  );
}

/** Keys that differ by case alone would be one file where names have no case. */
function freeName(key: string, files: ReadonlyMap<string, string>): string {
  const taken = new Set([...files.keys()].map((name) => name.toLowerCase()));
  for (let n = 1; ; n += 1) {
    const name = `${key}${n === 1 ? '' : `.${n}`}.py`;
    if (!taken.has(name.toLowerCase())) return name;
  }
}

/** The fields that say something: neither null nor what the API takes by default. */
function said<Fields extends object>(fields: Fields, byDefault: object): Partial<Fields> {
  const usual = byDefault as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) => value != null && JSON.stringify(value) !== JSON.stringify(usual[name]),
    ),
  ) as Partial<Fields>;
}

/** Positions and edges stand on one line each. */
function toYaml(content: object): string {
  const document = new Document(content, { aliasDuplicateObjects: false });
  const edges = document.get('edges');
  const nodes = document.get('nodes');
  for (const edge of isSeq(edges) ? edges.items : []) if (isMap(edge)) edge.flow = true;
  for (const node of isSeq(nodes) ? nodes.items : []) {
    const position = isMap(node) ? node.get('position') : undefined;
    if (isMap(position)) position.flow = true;
  }
  return document.toString({ lineWidth: 0 });
}

/** A file of the workflow's folder, as text; undefined where there is none. */
export type ReadFile = (name: string) => Promise<string | undefined>;

export interface ParsedWorkflow {
  input: WorkflowInput;
  /** Files of code, by the index of their node. */
  codeFiles: ReadonlyMap<number, string>;
}

/**
 * Reads a workflow from its folder. What it says is checked by the server; here only what the files alone can have wrong.
 * @param folder how messages name it
 * @throws WeftError INVALID_FILE
 */
export async function parseWorkflow(folder: string, read: ReadFile): Promise<ParsedWorkflow> {
  const text = (await read(WORKFLOW_FILE)) ?? '';
  const content = fromYaml(text, `${folder}/${WORKFLOW_FILE}`);
  const codeFiles = new Map<number, string>();
  const nodes: unknown[] = [];
  for (const [index, node] of (Array.isArray(content.nodes) ? content.nodes : []).entries()) {
    const { codeFile, config, ...others } = node ?? {};
    if (codeFile === undefined) nodes.push(node);
    else {
      const where = `${folder}/${WORKFLOW_FILE}: nodes.${index}.codeFile`;
      const name = fileName(codeFile, config, where);
      const code = await read(name);
      if (code === undefined) throw invalid(`${where}: Expected the file ${name}, which is not there.`);
      nodes.push({ ...others, config: { code, ...(config as object | null | undefined) } });
      codeFiles.set(index, name);
    }
  }
  return { input: { ...content, nodes } as unknown as WorkflowInput, codeFiles };
}

function fileName(codeFile: unknown, config: unknown, where: string): string {
  if (typeof codeFile !== 'string' || !/^[^/\\:]+$/.test(codeFile) || /^\.+$/.test(codeFile))
    throw invalid(`${where}: Expected the name of a file beside it, got ${JSON.stringify(codeFile)}.`);
  if (typeof config === 'object' && config !== null && 'code' in config)
    throw invalid(`${where}: Expected the code in ${codeFile} or in \`config\`, got both.`);
  return codeFile;
}

function fromYaml(
  text: string,
  where: string,
): Record<string, unknown> & { nodes?: Record<string, unknown>[] } {
  const document = parseDocument(text);
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw invalid(`${where}: ${problem.message}`);
  const content: unknown = document.toJS();
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw invalid(
      `${where}: Expected the fields of a workflow, such as name and nodes, got ${typeof content}.`,
    );
  const odd = findOddNumber(content, []);
  if (odd !== null) throw invalid(`${where}: ${odd.join('.')}: Expected a number that JSON has.`);
  return content as Record<string, unknown>;
}

/** `.inf` and `.nan`, which JSON would make null. */
function findOddNumber(value: unknown, path: string[]): string[] | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : path;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, each] of Object.entries(value)) {
    const found = findOddNumber(each, [...path, name]);
    if (found !== null) return found;
  }
  return null;
}

function invalid(message: string): WeftError {
  return new WeftError('INVALID_FILE', message);
}
