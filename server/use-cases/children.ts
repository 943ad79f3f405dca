import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import type { Evaluator } from '../expressions/evaluator.ts';
import { takeOverFiles } from '../files/uses.ts';
import type { ChildOutcome, ChildRequest, Children, ChildStart } from '../nodes/children.ts';
import { type FoundVersion, findVersion, type NamedWorkflow } from './find-version.ts';
import { blankExecution, type InsertDeps, makeInsertExecution } from './insert-execution.ts';
import { labelsOf } from './labels.ts';
import { limitsOf } from './limit-keys.ts';
import type { UserError } from './types.ts';
import { inputErrors } from './validate-input.ts';

/** An execution that nodes of executions started, one in another, more often than this is a circle. */
const MAX_DEPTH = 10;

export type ChildrenDeps = Omit<InsertDeps, 'worker' | 'storage'> & { evaluator: Evaluator };

/** What nodes do with executions of their own. The engine tells them of their end (engine/family.ts). */
export function makeChildren(deps: ChildrenDeps): Children {
  const { evaluator } = deps;
  const { pool } = deps.database;
  // Its parent has a slot of a worker; the child waits for one like any other execution.
  const insertExecution = makeInsertExecution({ ...deps, worker: null, storage: null });

  return {
    start: (request, signal) => retryWhileDisconnected(() => start(request), signal),
    outcome: (executionId, signal) => retryWhileDisconnected(() => outcome(executionId), signal),

    async problem(workflow, version, project) {
      const named = namedBy(workflow, project);
      if ((await findVersion(pool, named, version)) !== null) return null;
      const isThere = version !== null && (await findVersion(pool, named, null)) !== null;
      return {
        field: isThere ? 'version' : 'workflow',
        message: unknown(workflow, isThere ? version : null),
      };
    },
  };

  async function start(request: ChildRequest): Promise<ChildStart> {
    const { workflow, version, input, parent, isAwaited, key, trace } = request;
    const starter = await starterOf(parent.executionId);
    const named = namedBy(workflow, starter.project);
    const found = await findVersion(pool, named, version);
    if (found === null) return refused('SUBWORKFLOW_NOT_FOUND', unknown(workflow, version));
    const depth = starter.depth + 1;
    if (depth > MAX_DEPTH) {
      return refused(
        'SUBWORKFLOW_TOO_DEEP',
        `Expected at most ${MAX_DEPTH} executions that start one another, got one more at workflow ${workflow}. Does a workflow start itself?`,
      );
    }
    const { workflowId, number, definition } = found;
    const errors = await inputErrors(evaluator, definition, input, workflowId);
    if (errors.length > 0) {
      const messages = errors.map(({ message }) => message).join(' ');
      return refused('INVALID_INPUT', `The input does not fit workflow ${workflow}: ${messages}`);
    }
    const limited = await limitsWithoutDebounce(found, named, input);
    if (!limited.ok) return refusedBy(limited);
    const { own, priority } = limited.value;
    const labels = await labelsOf(
      evaluator,
      { owner: workflowId, expression: definition.labels },
      input,
      null,
    );
    if (!labels.ok) return refusedBy(labels);
    const inserted = await insertExecution(
      {
        ...blankExecution,
        principal: starter.principal,
        project: starter.project,
        workflowId,
        versionNumber: number,
        input,
        idempotencyKey: `child ${key}`,
        parentId: parent.executionId,
        parentNodeKey: parent.nodeKey,
        parentItem: parent.item,
        isAwaited,
        depth,
        priority: priority ?? starter.priority,
        labels: labels.value,
        ...trace,
      },
      definition,
      own,
    );
    if (inserted.ok) return { ok: true, executionId: inserted.value.id };
    return refusedBy(inserted);
  }

  async function outcome(executionId: string): Promise<ChildOutcome | null> {
    const { rows } = await pool.query<ChildOutcome>(
      'SELECT status, output, error FROM executions WHERE id = $1',
      [executionId],
    );
    const found = rows[0] ?? null;
    await takeOverFiles(pool, executionId, found?.output);
    return found;
  }

  /** Its starter waits for this very execution, or wants one of its own, so that it goes into no other one. */
  async function limitsWithoutDebounce(found: FoundVersion, named: NamedWorkflow, input: unknown) {
    const { workflowId, number, latestNumber } = found;
    const latest = number === latestNumber ? found : await findVersion(pool, named, null);
    const { concurrency, rate, priority } = (latest ?? found).definition;
    const own = await limitsOf(evaluator, workflowId, { debounce: null, concurrency, rate }, input);
    return own.ok ? { ok: true as const, value: { own: own.value, priority } } : own;
  }

  async function starterOf(executionId: string): Promise<Starter> {
    const { rows } = await pool.query<Starter>(
      'SELECT depth, priority, principal, project FROM executions WHERE id = $1',
      [executionId],
    );
    const [starter] = rows;
    if (starter === undefined) throw new Error(`The execution ${executionId}, which starts another, is gone`);
    return starter;
  }
}

interface Starter {
  depth: number;
  priority: number;
  /** Who has started the one that starts others counts as who has started those. */
  principal: string;
  /** In which all that it starts is. */
  project: string;
}

/** Keys have no underscore, which every id has. */
function namedBy(name: string, project: string): NamedWorkflow {
  return { field: name.includes('_') ? 'workflowId' : 'workflowKey', name, project };
}

function unknown(workflow: string, version: number | null): string {
  const name = workflow.slice(0, 100);
  return version === null
    ? `There is no workflow ${name}. Name it by its key, or by its id.`
    : `Workflow ${name} has no version ${version}.`;
}

function refusedBy({ userErrors }: { userErrors: UserError[] }): ChildStart {
  const { code, message } = userErrors[0]!;
  return refused(code, message);
}

function refused(code: string, message: string): ChildStart {
  return { ok: false, code, message };
}
