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
import { payloadOf } from './user-errors.ts';

/** A workflow with its latest version. */
export type Workflow = WorkflowPartsFragment;

/** What saving gives: the workflow, and what is probably not meant, such as a path to a field that is known to be missing. */
export type SavedWorkflow = Workflow & { readonly warnings: readonly UserError[] };

/** A workflow as a list shows it. */
export type WorkflowSummary = WorkflowsQuery['workflows']['nodes'][number];

export interface Workflows {
  /** Saves a new workflow, as its version 1. @throws WeftInputError with all that is wrong with it */
  create(input: WorkflowInput, options?: RequestOptions): Promise<SavedWorkflow>;
  /**
   * Saves a new version of a workflow.
   * @throws WeftNotFoundError where there is no such workflow
   * @throws WeftInputError with all that is wrong with it
   */
  update(id: string, input: WorkflowInput, options?: RequestOptions): Promise<SavedWorkflow>;
  /** Takes a workflow off the list. Its executions stay readable. @throws WeftNotFoundError where there is none */
  delete(id: string, options?: RequestOptions): Promise<void>;
  /** One workflow; null when there is none of that id, or it was deleted. */
  get(id: string, options?: RequestOptions): Promise<Workflow | null>;
  /** Workflows, newest first. */
  list(options?: ListOptions & { filter?: WorkflowFilter }): Listing<WorkflowSummary>;
  /** What is wrong with a workflow, without saving it: errors, then warnings. One without an error can be run. */
  validate(input: WorkflowInput, options?: RequestOptions): Promise<UserError[]>;
}

export function makeWorkflows(settings: Settings): Workflows {
  return {
    async create(input, options) {
      const data = await request(settings, WorkflowCreateDocument, { input }, options);
      return { ...payloadOf(data.workflowCreate, 'workflow'), warnings: data.workflowCreate.warnings };
    },
    async update(id, input, options) {
      const data = await request(settings, WorkflowUpdateDocument, { id, input }, options);
      return { ...payloadOf(data.workflowUpdate, 'workflow'), warnings: data.workflowUpdate.warnings };
    },
    async delete(id, options) {
      const data = await request(settings, WorkflowDeleteDocument, { id }, options);
      payloadOf(data.workflowDelete, 'deletedWorkflowId');
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
