import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WorkflowDefinitionsDocument } from '../_generated_operations.ts';
import { openContext } from '../context.ts';
import { WeftError } from '../errors.ts';
import { makeListing } from '../listing.ts';
import { request } from '../request.ts';
import type { WorkflowShape } from './node-types.ts';
import { renderModule } from './render-module.ts';
import { selectWorkflows } from './select.ts';

export interface GenerateOptions {
  url: string;
  /** The module to write. */
  out: string;
  /** The keys, ids or names of the workflows to write; all where it is empty. */
  only: readonly string[];
  token: string | undefined;
  /** Write nothing, and fail where the module is out of date. */
  check: boolean;
  /** Run the versions that the types were made from. */
  pin: boolean;
}

/** Writes the module where it is out of date. @returns one line for the user @throws WeftError */
export async function generate({ url, out, only, token, check, pin }: GenerateOptions): Promise<string> {
  const all = await readWorkflows(url, token);
  if (all.length === 0) {
    throw new WeftError('NO_WORKFLOWS', `Expected workflows on ${url}, got none. Save one first.`);
  }
  const workflows = selectWorkflows(all, only);
  const module = renderModule(workflows, { pin });
  const summary = `${workflows.length} workflow${workflows.length === 1 ? '' : 's'} of ${url}`;
  if ((await readIfThere(out)) === module) return `${out} is up to date with the ${summary}.`;
  if (check) {
    throw new WeftError(
      'DRIFT',
      `Expected ${out} to be up to date with the ${summary}, but they differ. Run the same command without --check.`,
    );
  }
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, module);
  return `Wrote ${out}: the ${summary}.`;
}

async function readWorkflows(url: string, token: string | undefined): Promise<WorkflowShape[]> {
  const { settings } = openContext({ url, ...(token === undefined ? {} : { token }), maxRetries: 1 });
  const all = makeListing({}, async (page) => {
    const { workflows } = await request(settings, WorkflowDefinitionsDocument, page);
    return workflows;
  });
  const workflows: WorkflowShape[] = [];
  for await (const workflow of all) workflows.push(workflow);
  return workflows;
}

/** The file's text with the line ends that this command writes: git may have changed them. */
async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).replaceAll('\r\n', '\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
