import {
  WorkflowCreateDocument,
  WorkflowDeleteDocument,
  WorkflowDocument,
  type WorkflowFilter,
  type WorkflowInput,
  type WorkflowPartsFragment,
  WorkflowsDocument,
  type WorkflowsQuery,
  WorkflowUpdateDocument,
  WorkflowValidateDocument,
} from './_generated_operations.ts';
import type { UserError } from './errors.ts';
import { type Listing, type ListOptions, makeListing } from './listing.ts';
import type { Settings } from './options.ts';
import { type RequestOptions, request } from './request.ts';
import { unwrapPayload } from './user-errors.ts';

/** A workflow with its latest version. */
export type Workflow = WorkflowPartsFragment;

/** A saved workflow. Its warnings name what is probably a mistake, such as a path to a field that is missing. */
export type SavedWorkflow = Workflow & { readonly warnings: readonly UserError[] };

/** A workflow as lists return it. */
export type WorkflowSummary = WorkflowsQuery['workflows']['nodes'][number];

export interface Workflows {
  /** Saves a new workflow, as version 1. @throws WeftInputError with all faults of the workflow */
  create(input: WorkflowInput, options?: RequestOptions): Promise<SavedWorkflow>;
  /**
   * Saves a new version of a workflow.
   * @throws WeftNotFoundError where the workflow does not exist
   * @throws WeftInputError with all faults of the workflow
   */
  update(id: string, input: WorkflowInput, options?: RequestOptions): Promise<SavedWorkflow>;
  /** Deletes a workflow. Its executions stay readable. @throws WeftNotFoundError where the workflow does not exist */
  delete(id: string, options?: RequestOptions): Promise<void>;
  /** One workflow; null where it does not exist or was deleted. */
  get(id: string, options?: RequestOptions): Promise<Workflow | null>;
  /** Workflows, newest first. */
  list(options?: ListOptions & { filter?: WorkflowFilter }): Listing<WorkflowSummary>;
  /** Errors and then warnings of a workflow, which is not saved. A workflow without an error can run. */
  validate(input: WorkflowInput, options?: RequestOptions): Promise<UserError[]>;
}

export function makeWorkflows(settings: Settings): Workflows {
  return {
    async create(input, options) {
      const data = await request(settings, WorkflowCreateDocument, { input }, options);
      return { ...unwrapPayload(data.workflowCreate, 'workflow'), warnings: data.workflowCreate.warnings };
    },
    async update(id, input, options) {
      const data = await request(settings, WorkflowUpdateDocument, { id, input }, options);
      return { ...unwrapPayload(data.workflowUpdate, 'workflow'), warnings: data.workflowUpdate.warnings };
    },
    async delete(id, options) {
      const data = await request(settings, WorkflowDeleteDocument, { id }, options);
      unwrapPayload(data.workflowDelete, 'deletedWorkflowId');
    },
    async get(id, options) {
      const { workflow } = await request(settings, WorkflowDocument, { id }, options);
      return workflow;
    },
    list: ({ filter, ...options } = {}) =>
      makeListing(options, async (page) => {
        const { workflows } = await request(settings, WorkflowsDocument, { ...page, filter }, options);
        return workflows;
      }),
    async validate(input, options) {
      const { workflowValidate } = await request(settings, WorkflowValidateDocument, { input }, options);
      return workflowValidate;
    },
  };
}
