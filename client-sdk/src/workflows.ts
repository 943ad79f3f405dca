import {
  type ExecutionSummaryPartsFragment,
  WorkflowByKeyDocument,
  type WorkflowChange,
  WorkflowCreateDocument,
  WorkflowDeleteDocument,
  WorkflowDocument,
  type WorkflowFilter,
  type WorkflowInput,
  type WorkflowPartsFragment,
  WorkflowRenameDocument,
  WorkflowsDocument,
  type WorkflowsQuery,
  WorkflowsWithLastRunDocument,
  type WorkflowsWithLastRunQuery,
  WorkflowUpdateDocument,
  WorkflowUpsertDocument,
  WorkflowUpsertPlanDocument,
  type WorkflowUpsertPlanQuery,
  WorkflowValidateDocument,
  WorkflowVersionDocument,
  type WorkflowVersionPartsFragment,
  WorkflowVersionsDocument,
  type WorkflowVersionsQuery,
} from './_generated_operations.ts';
import { makeList } from './collections.ts';
import type { UserError } from './errors.ts';
import { type Listing, type ListOptions, makeListing } from './listing.ts';
import type { Settings } from './options.ts';
import { type RequestOptions, request } from './request.ts';
import { unwrapPayload } from './user-errors.ts';

/** A workflow with its latest version. */
export type Workflow = WorkflowPartsFragment;

/** One version of a workflow. */
export type WorkflowVersion = WorkflowVersionPartsFragment;

/** A version of a workflow as lists return it. */
export type WorkflowVersionSummary = NonNullable<
  WorkflowVersionsQuery['workflow']
>['versions']['nodes'][number];

/** A saved workflow. Its warnings name what is probably a mistake, such as a path to a field that is missing. */
export type SavedWorkflow = Workflow & { readonly warnings: readonly UserError[] };

/** A workflow that was upserted, and what that changed. */
export type UpsertedWorkflow = SavedWorkflow & { readonly change: WorkflowChange };

/** What an upsert would do: null for `change` where `userErrors` say why it would do nothing. */
export type UpsertPlan = WorkflowUpsertPlanQuery['workflowUpsertPlan'];

/** A workflow with the key that it has on each server; see `defineWorkflow` of `@weft/client/define`. */
export interface WorkflowDefinition {
  readonly key: string;
  readonly input: WorkflowInput;
}

/** A workflow as lists return it. */
export type WorkflowSummary = WorkflowsQuery['workflows']['nodes'][number];

/** A workflow as a list shows it, with its last execution. */
export interface WorkflowWithLastRun extends WorkflowSummary {
  latestVersion: { number: number; inputSchema: unknown };
  /** Null where it has never run. */
  lastRun: ExecutionSummaryPartsFragment | null;
}

export interface Workflows {
  /**
   * Saves a new workflow, as version 1; without a `key` one is made of its name.
   * @throws WeftInputError with all faults of the workflow, or KEY_TAKEN
   */
  create(input: WorkflowInput, options?: RequestOptions & { key?: string }): Promise<SavedWorkflow>;
  /**
   * Saves a new version of a workflow; with `expectedVersion` only where that is still the latest one.
   * @throws WeftNotFoundError where the workflow does not exist
   * @throws WeftInputError with all faults of the workflow, or CONFLICT where a later version exists
   */
  update(
    id: string,
    input: WorkflowInput,
    options?: RequestOptions & { expectedVersion?: number },
  ): Promise<SavedWorkflow>;
  /**
   * Makes the workflow of this key what `input` says: creates it, adds a version where `input` differs from the latest
   * one, or changes nothing; `change` says which.
   * @param options `expectedVersion`: the version that was seen last, 0 for none; where that is no longer so, CONFLICT
   * @throws WeftInputError with all faults of the workflow, or CONFLICT
   */
  upsert(key: string, input: WorkflowInput, options?: UpsertOptions): Promise<UpsertedWorkflow>;
  /** The same, of a workflow that is defined in TypeScript. */
  upsert(definition: WorkflowDefinition, options?: UpsertOptions): Promise<UpsertedWorkflow>;
  /** What `upsert` would do, with all faults of the workflow, and the workflow as it is; saves nothing. */
  upsertPlan(key: string, input: WorkflowInput, options?: RequestOptions): Promise<UpsertPlan>;
  /** Gives a workflow another key. @throws WeftNotFoundError, WeftInputError KEY_TAKEN */
  rename(id: string, key: string, options?: RequestOptions): Promise<Workflow>;
  /** Deletes a workflow. Its executions stay readable. @throws WeftNotFoundError where the workflow does not exist */
  delete(id: string, options?: RequestOptions): Promise<void>;
  /** One workflow; null where it does not exist or was deleted. */
  get(id: string, options?: RequestOptions): Promise<Workflow | null>;
  /** One workflow by its key; null where it does not exist or was deleted. */
  getByKey(key: string, options?: RequestOptions): Promise<Workflow | null>;
  /** One version of a workflow; null where the version or the workflow does not exist. */
  version(id: string, number: number, options?: RequestOptions): Promise<WorkflowVersion | null>;
  /** The versions of a workflow, newest first; empty where the workflow does not exist. */
  versions(id: string, options?: ListOptions): Listing<WorkflowVersionSummary>;
  /** Workflows, newest first. */
  list(options?: ListOptions & { filter?: WorkflowFilter }): Listing<WorkflowSummary>;
  /** Workflows with the last execution of each, newest first; for a page that lists them. */
  listWithLastRun(options?: ListOptions & { filter?: WorkflowFilter }): Listing<WorkflowWithLastRun>;
  /** Errors and then warnings of a workflow, which is not saved. A workflow without an error can run. */
  validate(input: WorkflowInput, options?: RequestOptions): Promise<UserError[]>;
}

export function makeWorkflows(settings: Settings): Workflows {
  return {
    async create(input, { key, ...options } = {}) {
      const data = await request(settings, WorkflowCreateDocument, { input, key }, options);
      return { ...unwrapPayload(data.workflowCreate, 'workflow'), warnings: data.workflowCreate.warnings };
    },
    async update(id, input, { expectedVersion, ...options } = {}) {
      const variables = { id, input, expectedVersion };
      const data = await request(settings, WorkflowUpdateDocument, variables, options);
      return { ...unwrapPayload(data.workflowUpdate, 'workflow'), warnings: data.workflowUpdate.warnings };
    },
    async upsert(...given: UpsertArguments) {
      const [key, input, { expectedVersion, ...options } = {}] = toKeyAndInput(given);
      const variables = { key, input, expectedVersion };
      const { workflowUpsert } = await request(settings, WorkflowUpsertDocument, variables, {
        ...options,
        idempotent: true,
      });
      const workflow = unwrapPayload(workflowUpsert, 'workflow');
      return { ...workflow, change: workflowUpsert.change!, warnings: workflowUpsert.warnings };
    },
    async upsertPlan(key, input, options) {
      return (await request(settings, WorkflowUpsertPlanDocument, { key, input }, options))
        .workflowUpsertPlan;
    },
    async rename(id, key, options) {
      const data = await request(settings, WorkflowRenameDocument, { id, key }, options);
      return unwrapPayload(data.workflowRename, 'workflow');
    },
    async delete(id, options) {
      const data = await request(settings, WorkflowDeleteDocument, { id }, options);
      unwrapPayload(data.workflowDelete, 'deletedWorkflowId');
    },
    async get(id, options) {
      const { workflow } = await request(settings, WorkflowDocument, { id }, options);
      return workflow;
    },
    async getByKey(key, options) {
      const { workflow } = await request(settings, WorkflowByKeyDocument, { key }, options);
      return workflow;
    },
    async version(id, number, options) {
      const { workflow } = await request(settings, WorkflowVersionDocument, { id, number }, options);
      return workflow?.version ?? null;
    },
    versions: (id, options = {}) =>
      makeListing(options, async (page) => {
        const { workflow } = await request(settings, WorkflowVersionsDocument, { id, ...page }, options);
        return workflow?.versions ?? { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } };
      }),
    list: makeList(settings, WorkflowsDocument, 'workflows'),
    listWithLastRun: ({ filter, ...options } = {}) =>
      makeListing(options, async (page) => {
        const variables = { ...page, filter };
        const { workflows } = await request(settings, WorkflowsWithLastRunDocument, variables, options);
        return { nodes: workflows.nodes.map(withLastRun), pageInfo: workflows.pageInfo };
      }),
    async validate(input, options) {
      const { workflowValidate } = await request(settings, WorkflowValidateDocument, { input }, options);
      return workflowValidate;
    },
  };
}

type UpsertOptions = RequestOptions & { expectedVersion?: number };
type KeyAndInput = [key: string, input: WorkflowInput, options?: UpsertOptions | undefined];
type UpsertArguments = KeyAndInput | [definition: WorkflowDefinition, options?: UpsertOptions | undefined];

function toKeyAndInput(given: UpsertArguments): KeyAndInput {
  if (typeof given[0] === 'string') return given as KeyAndInput;
  const [{ key, input }, options] = given as [WorkflowDefinition, UpsertOptions?];
  return [key, input, options];
}

type ListedWorkflow = WorkflowsWithLastRunQuery['workflows']['nodes'][number];

function withLastRun({ executions, ...workflow }: ListedWorkflow): WorkflowWithLastRun {
  return { ...workflow, lastRun: executions.nodes[0] ?? null };
}
