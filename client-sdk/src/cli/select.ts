import { WeftError } from '../errors.ts';

interface Named {
  id: string;
  key: string;
  name: string;
}

/**
 * The workflows that `wanted` names by key, id or name, each once; all workflows where it is empty.
 * @throws WeftError where a name matches no workflow, or several; the message lists what exists
 */
export function selectWorkflows<Workflow extends Named>(
  workflows: readonly Workflow[],
  wanted: readonly string[],
): readonly Workflow[] {
  if (wanted.length === 0) return workflows;
  return [...new Set(wanted.map((each) => selectOne(workflows, each)))];
}

function selectOne<Workflow extends Named>(workflows: readonly Workflow[], wanted: string): Workflow {
  const exact = workflows.find(({ key, id }) => key === wanted || id === wanted);
  if (exact !== undefined) return exact;
  const [first, ...others] = workflows.filter(({ name }) => name === wanted);
  if (first === undefined) {
    throw new WeftError(
      'UNKNOWN_WORKFLOW',
      `Expected --workflow to be the key, the id or the name of a workflow, got "${wanted}". ` +
        `The server has:\n${listed(workflows)}`,
    );
  }
  if (others.length > 0) {
    throw new WeftError(
      'AMBIGUOUS_WORKFLOW',
      `Expected --workflow "${wanted}" to be one workflow, got several of that name. ` +
        `Pass a key:\n${listed([first, ...others])}`,
    );
  }
  return first;
}

/** Enough to find a workflow; a shared server may have thousands. */
const longestList = 50;

function listed(workflows: readonly Named[]): string {
  const lines = workflows.slice(0, longestList).map(({ key, name }) => `  ${key}  ${name}`);
  const left = workflows.length - lines.length;
  return [...lines, ...(left > 0 ? [`  and ${left} older ones`] : [])].join('\n');
}
