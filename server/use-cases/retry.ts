import { isDeepStrictEqual } from 'node:util';
import type { Pool } from 'pg';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { isDangling } from '../db/errors.ts';
import { changedNodes, type Run } from '../engine/changed-nodes.ts';
import { foldJournal } from '../engine/fold-journal.ts';
import type { Graph } from '../engine/graph.ts';
import { chosenNodes, type PartialRun, type PinnedOutput, pinnedNodes } from '../engine/partial-run.ts';
import { makePlan } from '../engine/plan.ts';
import { planRetry, type RetryStep } from '../engine/retry-plan.ts';
import type { Evaluator } from '../expressions/evaluator.ts';
import { fromStored, type WorkflowDraft } from '../nodes/draft.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import type { GivenTrace } from '../shared/trace-context.ts';
import { toExecution } from './execution-mapper.ts';
import { findVersion, workflowOfRow } from './find-version.ts';
import { blankExecution, type InsertDeps, makeInsertExecution } from './insert-execution.ts';
import { limitsOf, type OwnLimits } from './limit-keys.ts';
import { preparePartialRun } from './partial-run.ts';
import { refuse, refuseNotFound } from './refuse.ts';
import type { Execution, Outcome } from './types.ts';
import { inputErrors } from './validate-input.ts';

export type RetryStrategy = 'ALL_NODES' | 'FROM_FAILURE';
/** The version of the former execution, or the latest of its workflow. */
export type RetryVersion = 'SAME' | 'LATEST';

/** What a retry would be, whoever starts it. */
export interface RetryWish {
  strategy: RetryStrategy;
  version: RetryVersion;
  /** Undefined for the input of the former execution. */
  input?: unknown;
  /** The same key again gives the retry of the first time. */
  idempotencyKey?: string | null;
}

export interface RetryInput extends RetryWish {
  /** Who retries it. */
  principal: string;
  /** The trace that whoever retries it is in. */
  trace?: GivenTrace | null;
  /** Of the retry, where it is a new execution. */
  executionId?: string;
}

export interface RetryPlan {
  /** Null for a pythonRun. */
  versionNumber: number | null;
  nodes: (Omit<RetryStep, 'reason'> & { reason: RetryStep['reason'] | 'ALL_NODES' })[];
}

interface Retry {
  former: ExecutionEntity;
  formerDefinition: WorkflowDraft;
  definition: WorkflowDraft;
  versionNumber: number | null;
  input: unknown;
}

/** Running what an execution ran again, as a new one. */
export function makeRetryUseCases(deps: InsertDeps & { registry: NodeRegistry; evaluator: Evaluator }) {
  const { registry, evaluator } = deps;
  const { manager, pool } = deps.database;
  const insertExecution = makeInsertExecution(deps);

  return {
    async retry(id: string, wanted: RetryInput): Promise<Outcome<Execution>> {
      const prepared = await prepare(id, wanted);
      if (!prepared.ok) return prepared;
      const { former, versionNumber, input } = prepared.value;
      const { project, workflowId, definition, priority } = former;
      const own = workflowId === null ? NO_LIMITS : await limitsOfRetry(workflowId, prepared.value);
      if (!own.ok) return own;
      try {
        const inserted = await insertExecution(
          {
            ...blankExecution,
            ...(wanted.executionId === undefined ? {} : { id: wanted.executionId }),
            principal: wanted.principal,
            project,
            workflowId,
            versionNumber,
            definition,
            input,
            retryOf: id,
            retryStrategy: wanted.strategy,
            idempotencyKey: wanted.idempotencyKey ?? null,
            timeoutMs: former.timeoutMs,
            partial: former.partial,
            pinned: former.pinned,
            priority,
            labels: former.labels,
            ...wanted.trace,
          },
          null,
          own.value,
        );
        return inserted.ok ? { ok: true, value: toExecution(inserted.value) } : inserted;
      } catch (error) {
        // Retention deleted the former execution since it was read.
        if (isDangling(error)) return refuseNotFound('execution', id);
        throw error;
      }
    },

    /** What the retry would reuse and run, without starting it. */
    async retryPlan(id: string, wanted: RetryWish): Promise<Outcome<RetryPlan>> {
      const prepared = await prepare(id, wanted);
      if (!prepared.ok) return prepared;
      const { former, formerDefinition, definition, versionNumber, input } = prepared.value;
      const run = planOf(definition, input);
      if (run === null)
        return refuse(
          'INVALID_WORKFLOW',
          'version',
          'This release does not know all node types of this version.',
        );
      const { graph } = run.plan;
      const part = partialOf(former);
      if (wanted.strategy === 'ALL_NODES') {
        const runs = { action: 'RUN', reason: 'ALL_NODES', items: [] as number[] } as const;
        const nodes = graph.order.map((nodeKey) => ({ nodeKey, ...runs }));
        return { ok: true, value: { versionNumber, nodes: withinPart(graph, part, nodes) } };
      }
      const { state } = await foldJournal(pool, id, () => null);
      const changes = changedNodes(planOf(formerDefinition, former.input), run);
      const nodes = withinPart(graph, part, planRetry(graph, state, changes));
      return { ok: true, value: { versionNumber, nodes } };
    },
  };

  /** A retry is a run of its own, so that it goes into no other one. Of a deleted workflow it is not limited. */
  async function limitsOfRetry(workflowId: string, { input }: Retry): Promise<Outcome<OwnLimits | null>> {
    const latest = await findVersion(pool, workflowOfRow(workflowId), null);
    if (latest === null) return NO_LIMITS;
    const { concurrency, rate } = latest.definition;
    return limitsOf(evaluator, workflowId, { debounce: null, concurrency, rate }, input);
  }

  function planOf(definition: WorkflowDraft, input: unknown): Run | null {
    try {
      return { plan: makePlan(definition, registry), input };
    } catch {
      return null;
    }
  }

  async function prepare(id: string, { strategy, version, input }: RetryWish): Promise<Outcome<Retry>> {
    const former = await manager.findOne(ExecutionEntity, { where: { id }, select: FORMER });
    if (former === null) return refuseNotFound('execution', id);
    if (former.finishedAt === null) {
      return refuse(
        'NOT_ENDED',
        'id',
        `Execution ${id} is ${former.status}. Wait for its end, or cancel it, before retrying.`,
      );
    }
    const { workflowId } = former;
    const formerDefinition = await definitionOf(former);
    const target = await targetOf(former, formerDefinition, version);
    if (!target.ok) return target;
    const isSame =
      target.value.number === former.versionNumber &&
      (input === undefined || isDeepStrictEqual(input, former.input));
    if (strategy === 'FROM_FAILURE' && former.status === 'SUCCEEDED' && isSame) {
      return refuse(
        'NOTHING_FAILED',
        'id',
        `Execution ${id} succeeded, so there is no failure to retry from. Use ALL_NODES to run it again.`,
      );
    }
    const { number: versionNumber, definition } = target.value;
    const part = partialOf(former);
    if (part !== null && versionNumber !== former.versionNumber) {
      const found = { workflowId: workflowId!, number: versionNumber!, definition };
      const still = await preparePartialRun({ pool, registry, evaluator }, found, part);
      if (!still.ok)
        return { ok: false, userErrors: still.userErrors.map((error) => ({ ...error, field: 'version' })) };
    }
    const given = input === undefined ? former.input : input;
    // What the former execution was started with fits the version of that time.
    const userErrors = isSame ? [] : await inputErrors(evaluator, definition, given, workflowId ?? id);
    if (userErrors.length > 0) return { ok: false, userErrors };
    return { ok: true, value: { former, formerDefinition, definition, versionNumber, input: given } };
  }

  async function targetOf(
    { id, workflowId, versionNumber }: ExecutionEntity,
    definition: WorkflowDraft,
    version: RetryVersion,
  ): Promise<Outcome<{ number: number | null; definition: WorkflowDraft }>> {
    if (version === 'SAME') return { ok: true, value: { number: versionNumber, definition } };
    if (workflowId === null) {
      const message = `Execution ${id} is a pythonRun, which has no versions. Use SAME, or run other code by pythonRun.`;
      return refuse('NO_VERSIONS', 'version', message);
    }
    const latest = await findVersion(pool, workflowOfRow(workflowId), null);
    return latest === null ? refuseNotFound('workflow', workflowId, 'version') : { ok: true, value: latest };
  }

  /** Also of a workflow that was deleted since. */
  async function definitionOf({
    workflowId,
    versionNumber,
    definition,
  }: ExecutionEntity): Promise<WorkflowDraft> {
    if (workflowId === null) return fromStored(definition as WorkflowDraft);
    return readVersion(pool, workflowId, versionNumber!);
  }
}

const NO_LIMITS = { ok: true, value: null } as const;

function partialOf({ partial, pinned }: ExecutionEntity): PartialRun | null {
  return partial && { ...partial, pinned: (pinned ?? []) as PinnedOutput[] };
}

/** What the former execution pinned and left out, the retry does too. */
function withinPart(graph: Graph, part: PartialRun | null, nodes: RetryPlan['nodes']): RetryPlan['nodes'] {
  if (part === null) return nodes;
  const chosen = chosenNodes(graph, part);
  const isPinned = pinnedNodes(part.pinned);
  return nodes.map((step) => {
    if (chosen.has(step.nodeKey)) return step;
    const action = isPinned.has(step.nodeKey) ? 'REUSE' : 'SKIP';
    return { nodeKey: step.nodeKey, action, reason: null, items: [] };
  });
}

const FORMER = {
  id: true,
  project: true,
  status: true,
  finishedAt: true,
  workflowId: true,
  versionNumber: true,
  definition: true,
  input: true,
  timeoutMs: true,
  partial: true,
  pinned: true,
  priority: true,
  labels: true,
} as const;

async function readVersion(pool: Pool, workflowId: string, number: number): Promise<WorkflowDraft> {
  const { rows } = await pool.query<{ definition: WorkflowDraft }>(
    'SELECT definition FROM workflow_versions WHERE workflow_id = $1 AND number = $2',
    [workflowId, number],
  );
  return fromStored(rows[0]!.definition);
}
