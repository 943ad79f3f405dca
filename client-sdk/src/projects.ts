import {
  ProjectCreateDocument,
  type ProjectCreateInput,
  ProjectDeleteDocument,
  ProjectDocument,
  type ProjectPartsFragment,
  ProjectsDocument,
  ProjectUpdateDocument,
  type ProjectUpdateInput,
} from './_generated_operations.ts';
import { makeList } from './collections.ts';
import type { ClientContext } from './context.ts';
import type { Listing, ListOptions } from './listing.ts';
import { type RequestOptions, request } from './request.ts';
import { unwrapPayload } from './user-errors.ts';

/** What a team has of a server: its workflows, and all that belongs to them. */
export type Project = ProjectPartsFragment;

/** Those that the client may act in. Changing them needs a token of all projects with the scope ADMIN. */
export interface Projects {
  /** By key. */
  list(options?: ListOptions): Listing<Project>;
  /** Null where there is none of this key. */
  get(key: string, options?: RequestOptions): Promise<Project | null>;
  /** @throws WeftInputError */
  create(input: ProjectCreateInput, options?: RequestOptions): Promise<Project>;
  /** @throws WeftInputError */
  update(key: string, input: ProjectUpdateInput, options?: RequestOptions): Promise<Project>;
  /** One that is empty. @throws WeftInputError */
  delete(key: string, options?: RequestOptions): Promise<void>;
}

export function makeProjects({ settings }: ClientContext): Projects {
  return {
    list: makeList(settings, ProjectsDocument, 'projects'),
    async get(key, options) {
      return (await request(settings, ProjectDocument, { key }, options)).project;
    },
    async create(input, options) {
      const { projectCreate } = await request(settings, ProjectCreateDocument, { input }, options);
      return unwrapPayload(projectCreate, 'project');
    },
    async update(key, input, options) {
      const { projectUpdate } = await request(settings, ProjectUpdateDocument, { key, input }, options);
      return unwrapPayload(projectUpdate, 'project');
    },
    async delete(key, options) {
      const { projectDelete } = await request(settings, ProjectDeleteDocument, { key }, options);
      unwrapPayload(projectDelete, 'deletedKey');
    },
  };
}
