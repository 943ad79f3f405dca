import { z } from 'zod';
import { LONGEST_WAIT_MS } from '../../shared/longest-wait.ts';
import type { ApprovalState, Approvals } from '../approvals.ts';
import {
  type ConfigProblem,
  type FieldMeta,
  type NodeContext,
  type NodeDefinition,
  type NodeEmission,
  NodeFailure,
  type NodeWait,
} from '../definition.ts';

const config = z.strictObject({
  title: z
    .string()
    .min(1)
    .max(200)
    .meta({
      title: 'Title',
      description: 'What is asked, in a line. It may hold templates.',
      placeholder: 'Refund of {{ input.amount }} € to {{ input.customer }}?',
      widget: 'text',
    } satisfies FieldMeta),
  text: z
    .string()
    .max(100_000)
    .optional()
    .meta({
      title: 'Text',
      description: 'What one has to know to decide. It may hold templates.',
      widget: 'textarea',
    } satisfies FieldMeta),
  form: z
    .record(z.string(), z.json())
    .optional()
    .meta({
      title: 'Form',
      description: 'A JSON Schema of what one enters who approves.',
      placeholder: '{ "type": "object", "properties": { "reason": { "type": "string" } } }',
      widget: 'json',
      language: 'json',
      templated: false,
    } satisfies FieldMeta),
  required: z
    .int()
    .min(1)
    .max(100)
    .default(1)
    .meta({
      title: 'Approvals needed',
      description: 'How many people must approve; one who rejects is enough to reject.',
      widget: 'number',
    } satisfies FieldMeta),
  timeoutMs: z
    .int()
    .min(1_000)
    .max(LONGEST_WAIT_MS)
    .optional()
    .meta({
      title: 'Time limit',
      description:
        'Without a decision by then the node emits on `timeout`. Empty: it waits for as long as it takes.',
      widget: 'duration',
    } satisfies FieldMeta),
});

type Config = z.infer<typeof config>;

export function makeApproval(approvals: Approvals): NodeDefinition<Config> {
  return {
    type: 'approval',
    version: 1,
    label: 'Approval',
    description: 'Asks people and waits for what they decide. The wait holds nothing.',
    category: 'flow',
    config,
    inputs: [{ id: 'input', label: 'Input' }],
    outputs: () => [
      { id: 'approved', label: 'Approved', description: '{ decision, values, decisions, input }' },
      { id: 'rejected', label: 'Rejected', isOptional: true },
      { id: 'timeout', label: 'Timeout', isOptional: true },
    ],
    canFail: true,
    effects: 'outside',
    inspect: (config) => formProblems(approvals, config),
    execute: (context) => ask(approvals, context),
    async resume(context, { data, payload }) {
      const { approvalId } = data as AskData;
      const state = await approvals.stateOf(approvalId, payload === undefined, context.signal);
      if (state === undefined) {
        throw new NodeFailure({
          code: 'APPROVAL_DELETED',
          message: `Approval ${approvalId} was deleted while it was waited for.`,
        });
      }
      return state.status === 'OPEN'
        ? waitFor({ ...(data as AskData), isDecidedOn: true })
        : emissionOf(state, context.input);
    },
  };
}

/** In the journal while it waits. */
interface AskData {
  approvalId: string;
  expiresAt: string | null;
  /** Where some have decided, and others must. */
  isDecidedOn?: true;
}

async function ask(
  approvals: Approvals,
  { nodeKey, item, tryId, scope, config, signal }: NodeContext<Config>,
): Promise<NodeWait> {
  const { title, text = null, form = null, required, timeoutMs = null } = config;
  const { id: executionId, workflowId } = scope.execution;
  const request = {
    ...{ tryId, executionId, workflowId, nodeKey, item },
    ...{ title, text, form, required, timeoutMs },
  };
  const { id, expiresAt } = await approvals.open(request, signal);
  return waitFor({ approvalId: id, expiresAt: expiresAt?.toISOString() ?? null });
}

function waitFor(data: AskData): NodeWait {
  const until = data.expiresAt === null ? null : new Date(data.expiresAt);
  return { wait: { reason: 'APPROVAL', until, data } };
}

const handles = { APPROVED: 'approved', REJECTED: 'rejected', TIMED_OUT: 'timeout' } as const;

function emissionOf({ status, decisions }: ApprovalState, input: unknown): NodeEmission {
  const values = decisions.at(-1)?.values ?? null;
  return {
    handle: handles[status as keyof typeof handles],
    output: { decision: status, values, decisions, input },
  };
}

async function formProblems(approvals: Approvals, { form }: Partial<Config>): Promise<ConfigProblem[]> {
  const message = form === undefined ? null : await approvals.formProblem(form);
  return message === null ? [] : [{ path: ['form'], code: 'INVALID_SCHEMA', message }];
}
