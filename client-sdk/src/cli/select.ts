import { WeftError } from '../errors.ts';

interface Named {
  id: string;
  name: string;
}

/**
 * The workflows that are asked for by id or by name, each once; all where none is asked for.
 * @throws WeftError where there is none such, or several, with what there is
 */
export function selectWorkflows<Workflow extends Named>(
  workflows: readonly Workflow[],
  wanted: readonly string[],
): readonly Workflow[] {
  if (wanted.length === 0) return workflows;
  return [...new Set(wanted.map((idOrName) => selectOne(workflows, idOrName)))];
}

function selectOne<Workflow extends Named>(workflows: readonly Workflow[], wanted: string): Workflow {
  const byId = workflows.find(({ id }) => id === wanted);
  if (byId !== undefined) return byId;
  const [first, ...others] = workflows.filter(({ name }) => name === wanted);
  if (first === undefined) {
    throw new WeftError(
      'UNKNOWN_WORKFLOW',
      `Expected --workflow to be the id or the name of a workflow, got "${wanted}". There are:\n${listed(workflows)}`,
    );
  }
  if (others.length > 0) {
    throw new WeftError(
      'AMBIGUOUS_WORKFLOW',
      `Expected --workflow "${wanted}" to be one workflow, got several of that name. Give an id:\n${listed([first, ...others])}`,
    );
  }
  return first;
}

/** Enough to find one's own; a shared server may have thousands. */
const longestList = 50;

function listed(workflows: readonly Named[]): string {
  const lines = workflows.slice(0, longestList).map(({ id, name }) => `  ${id}  ${name}`);
  const left = workflows.length - lines.length;
  return [...lines, ...(left > 0 ? [`  and ${left} older ones`] : [])].join('\n');
}
