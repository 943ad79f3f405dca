import { DEFAULT_PROJECT } from '../auth/principal.ts';
import type { ExecutionEntity } from '../db/entities/execution.entity.ts';
import type { Evaluator } from '../expressions/evaluator.ts';
import type { NodeDraft, WorkflowDraft } from '../nodes/draft.ts';
import { DEFAULT_PRIORITY, noLimits } from '../nodes/limits.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import type { PythonPolicy } from '../sandbox/backend.ts';
import type { GivenTrace } from '../shared/trace-context.ts';
import { toExecution } from './execution-mapper.ts';
import { makeFindVersion, namedWorkflow, refuseMissing, refuseUnnamed } from './find-version.ts';
import {
  blankExecution,
  type InsertDeps,
  makeInsertExecution,
  type NewExecution,
} from './insert-execution.ts';
import { type Labels, labelErrors, labelsOf } from './labels.ts';
import { limitsOf, type OwnLimits } from './limit-keys.ts';
import { type PartialInput, type PreparedRun, preparePartialRun } from './partial-run.ts';
import { policyErrors } from './python-policy.ts';
import type { Execution, Outcome, UserError } from './types.ts';
import { checkTimeout } from './validate.ts';
import { expressionsOf, validateConfig } from './validate-config.ts';
import { validateExpressions } from './validate-expressions.ts';
import { inputErrors } from './validate-input.ts';
import { checkPriority } from './validate-limits.ts';

export interface StartDeps extends InsertDeps {
  registry: NodeRegistry;
  evaluator: Evaluator;
  /** The loosest that the operator grants; null where sandbox services decide. */
  pythonPolicy: PythonPolicy | null;
}

export interface StartInput extends PartialInput {
  /** Who starts it. */
  principal: string;
  /** The one whose workflows are there; null for what the server starts itself, by an id. See use-cases/limit/. */
  project?: string | null;
  /** One of the two. */
  workflowId?: string | null;
  workflowKey?: string | null;
  /** The latest where none is given. */
  versionNumber?: number | null;
  /** Undefined for that of `pinnedFrom`, or for none. */
  input?: unknown;
  /** The same key again gives the execution of the first time. */
  idempotencyKey?: string | null;
  /** How long the key counts; without it as long as the execution is kept. */
  idempotencyTtlSeconds?: number | null;
  /** Of this execution; without it the workflow's. */
  timeoutMs?: number | null;
  /** 1 to 5, of which 5 goes first; without it the workflow's. */
  priority?: number | null;
  /** What the execution is found by, over those that the workflow makes of the input. */
  labels?: Labels | null;
  /** What starts it, where no client does. */
  trigger?: Trigger;
  /** Whether it goes into no execution that somebody else has started, where the workflow debounces starts. */
  debouncesAlone?: boolean;
  /** The trace that whoever starts it is in. */
  trace?: GivenTrace | null;
  /** Of the execution, where it is a new one: who gets another id knows that the key was used before. */
  executionId?: string;
}

export interface Trigger {
  /** Of the schedule or the webhook. */
  triggerId: string;
  /** The time of the schedule that it is for. */
  scheduledAt: Date | null;
}

export interface PythonRunInput {
  /** Who runs it. */
  principal: string;
  project?: string;
  code: string;
  packages: string[];
  timeoutMs?: number | null;
  memoryMb?: number | null;
  recursionLimit?: number | null;
  policy?: PythonPolicy | null;
  hosts?: string[] | null;
  labels?: Labels | null;
  input: unknown;
  idempotencyKey?: string | null;
  idempotencyTtlSeconds?: number | null;
  /** The trace that whoever runs it is in. */
  trace?: GivenTrace | null;
  /** Of the execution, where it is a new one. */
  executionId?: string;
}

/** The ways to start an execution. Each commits the row, its first event and its job together. */
export function makeStartUseCases(deps: StartDeps) {
  const { registry, evaluator } = deps;
  const { pool } = deps.database;
  const findVersion = makeFindVersion(pool);
  const insertExecution = makeInsertExecution(deps);

  return {
    async start({
      versionNumber,
      input,
      idempotencyKey,
      idempotencyTtlSeconds,
      timeoutMs = null,
      priority = null,
      labels = null,
      trigger,
      trace,
      debouncesAlone = false,
      principal,
      project: within = null,
      executionId,
      workflowId: id,
      workflowKey,
      ...part
    }: StartInput): Promise<Outcome<Execution>> {
      const key = { idempotencyKey, idempotencyTtlSeconds };
      const named = namedWorkflow({ workflowId: id, workflowKey }, within);
      if (named === null) return refuseUnnamed({ workflowId: id });
      const version = await findVersion(named, versionNumber ?? null);
      if (version === null) return refuseMissing(pool, named, versionNumber ?? null);
      const { project, workflowId, number, latestNumber, definition } = version;
      const empty = emptyListErrors(part);
      if (empty.length > 0) return { ok: false, userErrors: empty };
      const prepared = await preparePartialRun({ ...deps, pool }, version, part);
      if (!prepared.ok) return prepared;
      const run = prepared.value;
      // What no node reads need not fit.
      const isRead = input !== undefined || run === null || (run.readsInput && run.formerInput === undefined);
      const given = input === undefined ? (run?.formerInput ?? null) : input;
      const userErrors = [
        ...checkKey(key),
        ...checkTimeout(timeoutMs),
        ...checkPriority(priority),
        ...(isRead ? await inputErrors(evaluator, definition, given, workflowId) : []),
      ];
      if (userErrors.length > 0) return { ok: false, userErrors };
      const latest = number === latestNumber ? version : await findVersion(named, null);
      const limits = (latest ?? version).definition;
      // A part of a workflow goes into no other execution.
      const whole = run === null ? limits : { ...limits, debounce: null };
      const own = await limitsOf(evaluator, workflowId, whole, given);
      if (!own.ok) return own;
      if (debouncesAlone) keepApart(own.value, principal);
      const labelled = await labelsOf(
        evaluator,
        { owner: workflowId, expression: definition.labels },
        given,
        labels,
      );
      if (!labelled.ok) return labelled;
      const execution = {
        ...blankExecution,
        ...partsOf(run),
        principal,
        project,
        workflowId,
        versionNumber: number,
        input: given,
        timeoutMs,
        priority: priority ?? limits.priority ?? DEFAULT_PRIORITY,
        labels: labelled.value,
        ...trigger,
        ...trace,
        ...withId(executionId),
        ...toKey(key),
      };
      return accepted(await insertExecution(execution, definition, own.value));
    },

    /** One Python node, no workflow needed. */
    async runPython({
      input,
      idempotencyKey,
      idempotencyTtlSeconds,
      policy,
      principal,
      project = DEFAULT_PROJECT,
      labels = null,
      executionId,
      trace,
      ...given
    }: PythonRunInput): Promise<Outcome<Execution>> {
      const key = { idempotencyKey, idempotencyTtlSeconds };
      const config = Object.fromEntries(
        Object.entries(given).filter(([, value]) => value !== null && value !== undefined),
      );
      const python = registry.get('python')!;
      const problems = [
        ...validateConfig(python, config, ''),
        ...(await validateExpressions(
          expressionsOf(python, { key: PYTHON_KEY, config }, ''),
          ALONE,
          evaluator,
        )),
      ];
      const userErrors = [
        ...checkKey(key),
        ...policyErrors(policy, deps.pythonPolicy, 'policy'),
        ...labelErrors(labels ?? {}, 'labels'),
        ...problems.map((problem) => ({ ...problem, field: problem.field?.replace(/^\./, '') ?? null })),
      ];
      if (userErrors.length > 0) return { ok: false, userErrors };
      const definition = pythonWorkflow(config, policy ?? null);
      const execution = {
        ...blankExecution,
        ...withId(executionId),
        principal,
        project,
        definition,
        input,
        labels,
        ...trace,
        ...toKey(key),
      };
      return accepted(await insertExecution(execution, definition));
    },
  };
}

function partsOf(run: PreparedRun | null): Pick<NewExecution, 'partial' | 'pinned'> {
  if (run === null) return { partial: null, pinned: null };
  const { from, to, pinned } = run.partial;
  return { partial: { from: [...from], to: [...to], pinnedFrom: run.pinnedFrom }, pinned };
}

function withId(id: string | undefined): { id?: string } {
  return id === undefined ? {} : { id };
}

function accepted(inserted: Outcome<ExecutionEntity>): Outcome<Execution> {
  return inserted.ok ? { ok: true, value: toExecution(inserted.value) } : inserted;
}

function keepApart(own: OwnLimits | null, principal: string): void {
  if (own?.debounce) own.debounce.key = JSON.stringify(`${principal} ${own.debounce.key}`);
}

type Key = Pick<StartInput, 'idempotencyKey' | 'idempotencyTtlSeconds'>;

/** A year. */
const MAX_TTL_SECONDS = 31_536_000;

function checkKey({ idempotencyKey: key, idempotencyTtlSeconds: ttl }: Key): UserError[] {
  const errors: UserError[] = [];
  if (key != null && (key.length === 0 || key.length > 200)) {
    const message = `Expected a key of 1 to 200 characters, got ${key.length}.`;
    errors.push({ code: 'INVALID', field: 'idempotencyKey', message });
  }
  if (ttl == null) return errors;
  const field = 'idempotencyTtlSeconds';
  if (key == null) {
    const message = 'Expected an `idempotencyKey` whose time this is, got none.';
    errors.push({ code: 'INVALID', field, message });
  }
  if (ttl < 1 || ttl > MAX_TTL_SECONDS) {
    const message = `Expected \`${field}\` to be an integer from 1 to ${MAX_TTL_SECONDS}, got ${ttl}.`;
    errors.push({ code: 'INVALID', field, message });
  }
  return errors;
}

function toKey({ idempotencyKey = null, idempotencyTtlSeconds: ttl }: Key) {
  const idempotencyExpiresAt = ttl == null ? null : new Date(Date.now() + ttl * 1_000);
  return { idempotencyKey, idempotencyExpiresAt };
}

/** Whoever has computed which nodes to run, and found none, does not mean all. */
function emptyListErrors({ from, to }: PartialInput): UserError[] {
  return Object.entries({ from, to }).flatMap(([field, keys]) => {
    const message = `Expected \`${field}\` to name a node, got an empty list. Leave it out to run the whole workflow.`;
    return keys?.length === 0 ? [{ code: 'INVALID', field, message }] : [];
  });
}

const PYTHON_KEY = 'python';
const ALONE = { keys: new Set([PYTHON_KEY]), ancestors: () => new Set<string>() };

function pythonWorkflow(config: object, pythonPolicy: PythonPolicy | null): WorkflowDraft {
  const node: NodeDraft = {
    key: PYTHON_KEY,
    type: 'python',
    name: null,
    config,
    position: null,
    join: 'ALL',
    retry: null,
    forEach: null,
  };
  return {
    name: 'pythonRun',
    description: null,
    nodes: [node],
    edges: [],
    inputSchema: null,
    outputSchema: null,
    timeoutMs: null,
    onFailure: 'FAIL',
    pythonPolicy,
    labels: null,
    retention: null,
    ...noLimits,
  };
}
