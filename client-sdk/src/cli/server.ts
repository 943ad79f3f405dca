import { WorkflowDefinitionsDocument, type WorkflowPartsFragment } from '../_generated_operations.ts';
import { openContext } from '../context.ts';
import { makeListing } from '../listing.ts';
import type { Settings } from '../options.ts';
import { request } from '../request.ts';

/** Where the server is. */
export interface ServerOptions {
  url: string;
  token: string | undefined;
  project?: string | undefined;
}

export function openServer({ url, token, project }: ServerOptions): Settings {
  return openContext({ url, token, project, maxRetries: 1 }).settings;
}

/** All workflows of a server with their latest versions. */
export async function readWorkflows(settings: Settings): Promise<WorkflowPartsFragment[]> {
  const all = makeListing({}, async (page) => {
    const { workflows } = await request(settings, WorkflowDefinitionsDocument, page);
    return workflows;
  });
  const workflows: WorkflowPartsFragment[] = [];
  for await (const workflow of all) workflows.push(workflow);
  return workflows;
}
