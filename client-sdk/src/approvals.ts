import {
  ApprovalDocument,
  type ApprovalFilter,
  type ApprovalPartsFragment,
  ApprovalResolveDocument,
  type ApprovalResolveInput,
  ApprovalsDocument,
  ApprovalUpdatesDocument,
} from './_generated_operations.ts';
import { makeFollow, makeList } from './collections.ts';
import type { ClientContext } from './context.ts';
import type { Listing, ListOptions } from './listing.ts';
import type { FollowOptions, LiveStream } from './live-stream.ts';
import { type RequestOptions, request } from './request.ts';
import { unwrapPayload } from './user-errors.ts';

/** What a node asks people: while it is OPEN, its execution waits for what they decide. */
export type Approval = ApprovalPartsFragment;

/** What somebody decides, and what they enter. */
export type ApprovalDecisionInput = Omit<ApprovalResolveInput, 'id'>;

export interface Approvals {
  /** What is and was asked, newest first. */
  list(options?: ListOptions & { filter?: ApprovalFilter }): Listing<Approval>;
  /** Null where there is none with this id. */
  get(id: string, options?: RequestOptions): Promise<Approval | null>;
  /**
   * Decides. The execution goes on where as many approved as must, or one rejected.
   * @throws WeftNotFoundError where there is no such approval
   * @throws WeftInputError INVALID_VALUES for what does not fit its `form`, ALREADY_RESOLVED where others were faster,
   * ALREADY_DECIDED where `by` has decided before, APPROVAL_EXPIRED past its time, ALREADY_ENDED with its execution
   */
  resolve(id: string, decision: ApprovalDecisionInput, options?: RequestOptions): Promise<Approval>;
  /**
   * Each approval as it is opened, decided on or closed, from now on, as it then stands. Changes while the connection is
   * lost are not emitted later.
   */
  updates(options?: ApprovalUpdatesOptions): LiveStream<Approval>;
}

export interface ApprovalUpdatesOptions extends FollowOptions {
  /** Only of executions of this workflow. */
  workflowId?: string;
  /** Only of this execution. */
  executionId?: string;
}

export function makeApprovals(context: ClientContext): Approvals {
  const { settings } = context;
  return {
    list: makeList(settings, ApprovalsDocument, 'approvals'),
    async get(id, options) {
      return (await request(settings, ApprovalDocument, { id }, options)).approval;
    },
    async resolve(id, decision, options) {
      const data = await request(settings, ApprovalResolveDocument, { input: { id, ...decision } }, options);
      return unwrapPayload(data.approvalResolve, 'approval');
    },
    updates: makeFollow(context, ApprovalUpdatesDocument, 'approvals'),
  };
}
