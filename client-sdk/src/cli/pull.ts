import { selectWorkflows } from './select.ts';
import { openServer, readWorkflows, type ServerOptions } from './server.ts';
import { openWorkflowFolder, type WorkflowFolder } from './workflow-folder.ts';
import { diffFiles } from './workflow-plan.ts';
import { renderWorkflow, type WorkflowFiles } from './workflow-text.ts';

export interface PullOptions extends ServerOptions {
  dir: string;
  /** The keys, ids or names of the workflows to write; all where it is empty. */
  only: readonly string[];
}

/**
 * Writes the workflows of a server into a folder. What says the same already stays as it is, with its comments.
 * @returns lines for the user @throws WeftError
 */
export async function pull({ dir, only, ...server }: PullOptions): Promise<string> {
  const folder = openWorkflowFolder(dir);
  const workflows = selectWorkflows(await readWorkflows(openServer(server)), only);
  const lines: string[] = [];
  let unchanged = 0;
  for (const { key, latestVersion } of [...workflows].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const { number, createdAt, ...latest } = latestVersion;
    const files = renderWorkflow(latest);
    if (await isSame(folder, key, files)) unchanged += 1;
    else {
      await folder.write(key, files);
      lines.push(`wrote ${dir}/${key} (version ${number})`);
    }
  }
  const pulled = new Set(workflows.map(({ key }) => key));
  const others = only.length > 0 ? [] : (await folder.keys()).filter((key) => !pulled.has(key));
  lines.push(...others.map((key) => `${dir}/${key} is not on the server: push it, or remove the folder`));
  return [...lines, `${unchanged} unchanged`].join('\n');
}

async function isSame(folder: WorkflowFolder, key: string, files: WorkflowFiles): Promise<boolean> {
  const local = await folder.read(key);
  return local !== null && diffFiles(key, renderWorkflow(local.input), files) === '';
}
