import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import type { WorkflowInput, WorkflowPartsFragment } from '../_generated_operations.ts';
import { type UserError, WeftError, WeftRequestError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { makeWorkflows } from '../workflows.ts';
import { selectWorkflows } from './select.ts';
import { readWorkflows } from './server.ts';
import type { WorkflowFolder } from './workflow-folder.ts';
import { type ParsedWorkflow, renderWorkflow, WORKFLOW_FILE, type WorkflowFiles } from './workflow-text.ts';

/** What makes a server say what a folder says. */
export interface WorkflowPlan {
  changes: PlannedChange[];
  /** Workflows that are the same already. */
  unchanged: number;
  /** What is probably a mistake, a line each. */
  warnings: string[];
  /** The keys of workflows that the server alone has, and that stay. */
  kept: string[];
}

export type PlannedChange =
  | { kind: 'create'; key: string; input: WorkflowInput; diff: string }
  | { kind: 'change'; key: string; input: WorkflowInput; diff: string; latestVersion: number }
  | { kind: 'delete'; key: string; id: string };

export interface PlanOptions {
  /** The keys, ids or names of the workflows that count; all where it is empty. */
  only: readonly string[];
  /** Whether workflows that the folder does not have are deleted. */
  delete: boolean;
}

/**
 * Compares a folder with a server, which says of each workflow what saving it would do; nothing is saved.
 * @throws WeftError with all faults of all workflows
 */
export async function planPush(
  folder: WorkflowFolder,
  settings: Settings,
  options: PlanOptions,
): Promise<WorkflowPlan> {
  const here = new Set(await folder.keys());
  // A wrong folder must not read as one in which all workflows were removed.
  if (here.size === 0)
    throw new WeftError(
      'NO_WORKFLOWS',
      `Expected ${folder.path} to have a folder with a ${WORKFLOW_FILE} for each workflow, found none. Pass the right one as --dir.`,
    );
  const there = await readWorkflows(settings);
  const plan: WorkflowPlan = { changes: [], unchanged: 0, warnings: [], kept: [] };
  const removed = deletions(there, here, options.only);
  const faults = await misnamed(folder, options.delete ? removed : [], options.only);
  for (const key of chooseKeys(here, there, options.only)) {
    const parsed = await folder.read(key).catch((error) => {
      if (!(error instanceof WeftError)) throw error;
      faults.push(error.message);
      return null;
    });
    if (parsed === null) continue;
    const planned = await makeWorkflows(settings).upsertPlan(key, parsed.input).catch(faultOf);
    if (typeof planned === 'string') {
      faults.push(`${folder.path}/${key}/${WORKFLOW_FILE}: ${planned}`);
      continue;
    }
    const { change, workflow, userErrors, warnings } = planned;
    faults.push(...userErrors.map((each) => lineOf(folder, key, parsed, each)));
    plan.warnings.push(...warnings.map((each) => lineOf(folder, key, parsed, each)));
    if (change === 'UNCHANGED') plan.unchanged += 1;
    else if (change !== null) plan.changes.push(plannedChange(key, parsed.input, workflow));
  }
  if (faults.length > 0)
    throw new WeftError('INVALID_WORKFLOWS', `${faults.join('\n')}\n\nNothing was changed.`);
  if (options.delete) plan.changes.push(...removed);
  else plan.kept.push(...removed.map(({ key }) => key));
  return plan;
}

/** Folders without a `workflow.yaml` whose workflow is elsewhere, and would be left out or deleted unseen. */
async function misnamed(
  folder: WorkflowFolder,
  deleted: readonly PlannedChange[],
  only: readonly string[],
): Promise<string[]> {
  const counts = (name: string) => only.length === 0 || only.includes(name);
  const isOne = ({ name, files }: { name: string; files: string[] }) =>
    deleted.some(({ key }) => key === name) || (counts(name) && files.includes('workflow.yml'));
  return (await folder.others())
    .filter(isOne)
    .map(
      ({ name, files }) =>
        `${folder.path}/${name}: Expected a file ${WORKFLOW_FILE}, found ${files.join(', ') || 'no file'}.`,
    );
}

/** What the server says of a file with a field that no workflow has. */
function faultOf(error: unknown): string {
  if (!(error instanceof WeftRequestError)) throw error;
  return error.message.replace(/^Variable "\$input" got invalid value .*; (?=Field )/s, '');
}

function plannedChange(
  key: string,
  input: WorkflowInput,
  former: WorkflowPartsFragment | null,
): PlannedChange {
  const files = renderWorkflow(input);
  if (former === null) return { kind: 'create', key, input, diff: '' };
  const { number, createdAt, ...latest } = former.latestVersion;
  const diff = diffFiles(key, renderWorkflow(latest), files);
  return { kind: 'change', key, input, latestVersion: number, diff };
}

/** Those of the folder that count; each that is named has to be there or on the server. */
function chooseKeys(
  here: ReadonlySet<string>,
  there: readonly WorkflowPartsFragment[],
  only: readonly string[],
): string[] {
  if (only.length === 0) return [...here];
  const named = only.map((name) => (here.has(name) ? name : selectWorkflows(there, [name])[0]!.key));
  return [...new Set(named)].filter((key) => here.has(key));
}

/** Of the workflows that count, those that the folder does not have. */
function deletions(
  there: readonly WorkflowPartsFragment[],
  here: ReadonlySet<string>,
  only: readonly string[],
): PlannedChange[] {
  const counts = (names: string[]) => only.length === 0 || names.some((name) => only.includes(name));
  return there
    .filter(({ id, key, name }) => !here.has(key) && counts([id, key, name]))
    .map(({ id, key }) => ({ kind: 'delete', key, id }));
}

/** A unified diff of the files of one workflow; empty where they are the same. */
export function diffFiles(key: string, before: WorkflowFiles, after: WorkflowFiles): string {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => {
      const label = `${key}/${name}`;
      const [old, now] = [before.get(name), after.get(name)];
      return createTwoFilesPatch(
        old === undefined ? '/dev/null' : label,
        now === undefined ? '/dev/null' : label,
        old ?? '',
        now ?? '',
        undefined,
        undefined,
        { context: 3, headerOptions: FILE_HEADERS_ONLY },
      );
    })
    .join('');
}

/** An error at its place in the files: that of code in the file of its node. */
function lineOf(
  folder: WorkflowFolder,
  key: string,
  { codeFiles }: ParsedWorkflow,
  error: UserError,
): string {
  const { field, message } = error;
  const index = /^nodes\.(\d+)\.config\.code$/.exec(field ?? '')?.[1];
  const codeFile = index === undefined ? undefined : codeFiles.get(Number(index));
  if (codeFile !== undefined) return `${folder.path}/${key}/${codeFile}: ${message}`;
  return `${folder.path}/${key}/${WORKFLOW_FILE}: ${field === null ? '' : `${field}: `}${message}`;
}
