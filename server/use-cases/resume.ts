import { setTimeout as delay } from 'node:timers/promises';
import type { Database, Tx } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { changedNodes } from '../engine/changed-nodes.ts';
import type { NodeRun, RunState } from '../engine/fold.ts';
import { foldJournal } from '../engine/fold-journal.ts';
import { makePlan } from '../engine/plan.ts';
import { SEND_SIGNAL } from '../engine/queue.ts';
import type { FailureAction } from '../engine/step.ts';
import { hasEnded } from '../journal/event.ts';
import type { Hub } from '../journal/hub.ts';
import { fromStored, type WorkflowDraft } from '../nodes/draft.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { toExecution } from './execution-mapper.ts';
import { findVersion, workflowOfRow } from './find-version.ts';
import { refuse, refuseNotFound } from './refuse.ts';
import type { RetryVersion } from './retry.ts';
import type { Execution, Outcome } from './types.ts';

export interface ResumeInput {
  action: FailureAction;
  version: RetryVersion;
}

/** Going on with executions whose nodes have failed and wait for somebody. */
export function makeResumeUseCases({
  database,
  hub,
  registry,
}: {
  database: Database;
  hub: Hub;
  registry: NodeRegistry;
}) {
  const { pool } = database;

  return {
    async resume(id: string, input: ResumeInput): Promise<Outcome<Execution>> {
      let refused = await database.transaction((tx) => decide(tx, id, input));
      for (let n = 0; refused === 'PARKING' && n < MAX_LOOKS; n += 1) {
        await delay(LOOK_AGAIN_MS);
        refused = await database.transaction((tx) => decide(tx, id, input));
      }
      if (refused === 'PARKING') refused = stillRunning(id);
      if (refused !== null) return refused;
      hub.wake('request', id);
      hub.wake('queue', '');
      const row = await database.manager.findOneByOrFail(ExecutionEntity, { id });
      return { ok: true, value: toExecution(row) };
    },
  };

  /** With the row of the execution locked, so that nobody else decides meanwhile; null where it goes on. */
  async function decide(tx: Tx, id: string, { action, version }: ResumeInput): Promise<Refusal | null> {
    const [row] = (await tx.query(LOCK, [id])) as LockedExecution[];
    if (row === undefined) return refuseNotFound('execution', id);
    if (hasEnded(row.status))
      return refuse('ALREADY_ENDED', 'id', `Execution ${id} has ended already: it is ${row.status}.`);
    const { state } = await foldJournal(pool, id, () => null);
    const failed = [...state.nodes].filter(([, run]) => hasParkedFailure(run)).map(([nodeKey]) => nodeKey);
    const sent = (await tx.query(SENT, [id])) as { number: number; nodeKey: string }[];
    const open = failed.filter(
      (key) => !sent.some((each) => each.nodeKey === key && !state.taken.has(each.number)),
    );
    if (open.length === 0) {
      const message = `No node of execution ${id} waits after a failure. Those of a workflow with \`onFailure: PARK\` do.`;
      return refuse('NOT_PARKED', 'id', message);
    }
    const refused = version === 'LATEST' ? await moveToLatest(tx, id, row, state) : null;
    if (refused !== null) return refused;
    for (const nodeKey of open)
      await tx.query(SEND_SIGNAL, [id, nodeKey, null, JSON.stringify({ action, version })]);
    await tx.query('DELETE FROM parked_failures WHERE execution_id = $1 AND node_key = ANY ($2)', [id, open]);
    return null;
  }

  /** What has run stays as it is, so it must be the same in the latest version. */
  async function moveToLatest(
    tx: Tx,
    id: string,
    { workflowId, isParked, definition, input }: LockedExecution,
    state: RunState,
  ): Promise<Refusal | null> {
    if (workflowId === null) {
      const message = `Execution ${id} is a pythonRun, which has no versions. Resume it with SAME.`;
      return refuse('NO_VERSIONS', 'version', message);
    }
    if (!isParked) return state.status === 'WAITING' ? 'PARKING' : stillRunning(id);
    const latest = await findVersion(pool, workflowOfRow(workflowId), null);
    if (latest === null) return refuseNotFound('workflow', workflowId, 'version');
    const changed = differences(fromStored(definition), latest.definition, input, state);
    if (changed.length > 0) {
      const message = `Version ${latest.number} changes what has run already: ${changed.map((key) => `\`${key}\``).join(', ')}. Give up, and retry with LATEST: that runs it again.`;
      return refuse('CHANGED_ALREADY_RUN', 'version', message);
    }
    await tx.query('UPDATE executions SET version_number = $2 WHERE id = $1', [id, latest.number]);
    return null;
  }

  /** The nodes that have begun, other than those that wait after a failure, and are not the same any more. */
  function differences(
    before: WorkflowDraft,
    after: WorkflowDraft,
    input: unknown,
    { nodes }: RunState,
  ): string[] {
    const current = { plan: makePlan(after, registry), input };
    const changes = changedNodes({ plan: makePlan(before, registry), input }, current);
    return [...nodes]
      .filter(([nodeKey, run]) => !hasParkedFailure(run) && changes.get(nodeKey) !== 'SAME')
      .map(([nodeKey]) => nodeKey);
  }
}

/** PARKING: its last event says that it waits, and its worker is about to give it up. */
type Refusal = Outcome<never> | 'PARKING';

const LOOK_AGAIN_MS = 50;
/** A worker that takes longer than two seconds has been lost. */
const MAX_LOOKS = 40;

function stillRunning(id: string) {
  const message = `Execution ${id} still runs other nodes. It can go on with another version when all that is left waits.`;
  return refuse('STILL_RUNNING', 'version', message);
}

function hasParkedFailure({ status, wait }: NodeRun): boolean {
  return status === 'WAITING' && wait?.reason === 'FAILURE';
}

interface LockedExecution {
  status: string;
  workflowId: string | null;
  definition: WorkflowDraft;
  input: unknown;
  isParked: boolean;
}

const LOCK = `
  SELECT e.status, e.workflow_id AS "workflowId", coalesce(e.definition, v.definition) AS definition, e.input,
         e.wake_at IS NOT NULL AS "isParked"
  FROM executions e
  LEFT JOIN workflow_versions v ON v.workflow_id = e.workflow_id AND v.number = e.version_number
  WHERE e.id = $1 FOR UPDATE OF e`;

const SENT = 'SELECT number, node_key AS "nodeKey" FROM execution_signals WHERE execution_id = $1';
