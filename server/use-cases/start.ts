import type { Pool } from 'pg';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { isDangling } from '../db/errors.ts';
import type { Evaluator } from '../expressions/evaluator.ts';
import { type SchemaError, sentenceOf } from '../expressions/schema-error.ts';
import { fromStored, type NodeDraft, type WorkflowDraft } from '../nodes/draft.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { toExecution } from './execution-mapper.ts';
import { type InsertDeps, makeInsertExecution } from './insert-execution.ts';
import { refuse, refuseNotFound } from './refuse.ts';
import type { Execution, Outcome, UserError } from './types.ts';
import { expressionsOf, validateConfig } from './validate-config.ts';
import { validateExpressions } from './validate-expressions.ts';

export interface StartDeps extends InsertDeps {
  registry: NodeRegistry;
  evaluator: Evaluator;
}

export interface StartInput {
  /** One of the two. */
  workflowId?: string | null;
  workflowKey?: string | null;
  /** The latest where none is given. */
  versionNumber?: number | null;
  input: unknown;
  /** The same key again gives the execution of the first time. */
  idempotencyKey?: string | null;
}

export interface PythonRunInput {
  code: string;
  packages: string[];
  timeoutMs?: number | null;
  memoryMb?: number | null;
  recursionLimit?: number | null;
  input: unknown;
  idempotencyKey?: string | null;
}

export type RetryStrategy = 'ALL_NODES' | 'FROM_FAILURE';

/** The ways to start an execution. Each commits the row, its first event and its job together. */
export function makeStartUseCases(deps: StartDeps) {
  const { registry, evaluator } = deps;
  const { manager, pool } = deps.database;
  const insertExecution = makeInsertExecution(deps);

  return {
    async start({ versionNumber, input, idempotencyKey, ...which }: StartInput): Promise<Outcome<Execution>> {
      const named = namedWorkflow(which);
      if (named === null) return refuseUnnamed(which);
      const version = await findVersion(pool, named, versionNumber ?? null);
      if (version === null) {
        return versionNumber == null
          ? refuseNotFound('workflow', named.name, named.field)
          : unknownVersion(named.name, versionNumber);
      }
      const { workflowId, number, definition } = version;
      const schemaErrors = await evaluator.findSchemaErrors(definition.inputSchema, input, {
        owner: workflowId,
        isBounded: true,
      });
      const userErrors = [...checkKey(idempotencyKey), ...schemaErrors.map(inputError)];
      if (userErrors.length > 0) return { ok: false, userErrors };
      const execution = {
        ...blank,
        workflowId,
        versionNumber: number,
        input,
        idempotencyKey: idempotencyKey ?? null,
      };
      return accepted(await insertExecution(execution, definition));
    },

    /** One Python node, no workflow needed. */
    async runPython({ input, idempotencyKey, ...given }: PythonRunInput): Promise<Outcome<Execution>> {
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
        ...checkKey(idempotencyKey),
        ...problems.map((problem) => ({ ...problem, field: problem.field?.replace(/^\./, '') ?? null })),
      ];
      if (userErrors.length > 0) return { ok: false, userErrors };
      const definition = pythonWorkflow(config);
      const execution = { ...blank, definition, input, idempotencyKey: idempotencyKey ?? null };
      return accepted(await insertExecution(execution, definition));
    },

    /** A new execution of the same version with the same input. */
    async retry(id: string, strategy: RetryStrategy): Promise<Outcome<Execution>> {
      const former = await manager.findOne(ExecutionEntity, { where: { id }, select: FORMER });
      if (former === null) return refuseNotFound('execution', id);
      if (former.finishedAt === null) {
        return refuse(
          'NOT_ENDED',
          'id',
          `Execution ${id} is ${former.status}. Wait for its end, or cancel it, before retrying.`,
        );
      }
      if (strategy === 'FROM_FAILURE' && former.status === 'SUCCEEDED') {
        return refuse(
          'NOTHING_FAILED',
          'id',
          `Execution ${id} succeeded, so there is no failure to retry from. Use ALL_NODES to run it again.`,
        );
      }
      const { workflowId, versionNumber, definition, input } = former;
      const execution = { ...blank, workflowId, versionNumber, definition, input };
      try {
        return accepted(await insertExecution({ ...execution, retryOf: id, retryStrategy: strategy }, null));
      } catch (error) {
        // Retention deleted the former execution since it was read.
        if (isDangling(error)) return refuseNotFound('execution', id);
        throw error;
      }
    },
  };
}

const FORMER = {
  status: true,
  finishedAt: true,
  workflowId: true,
  versionNumber: true,
  definition: true,
  input: true,
} as const;

const blank = {
  workflowId: null,
  versionNumber: null,
  definition: null,
  idempotencyKey: null,
  retryOf: null,
  retryStrategy: null,
};

function accepted(row: ExecutionEntity): Outcome<Execution> {
  return { ok: true, value: toExecution(row) };
}

/** By which field of its input a start names its workflow. */
interface NamedWorkflow {
  field: 'workflowId' | 'workflowKey';
  name: string;
}

type WorkflowNames = Pick<StartInput, 'workflowId' | 'workflowKey'>;

/** Null where both or none is given. */
function namedWorkflow({ workflowId, workflowKey }: WorkflowNames): NamedWorkflow | null {
  if ((workflowId == null) === (workflowKey == null)) return null;
  return workflowId == null
    ? { field: 'workflowKey', name: workflowKey! }
    : { field: 'workflowId', name: workflowId };
}

function refuseUnnamed({ workflowId }: WorkflowNames) {
  const message = `Expected either \`workflowId\` or \`workflowKey\`, got ${workflowId == null ? 'none' : 'both'}.`;
  return refuse('INVALID', 'workflowId', message);
}

/** A prepared statement, because every start passes here. */
async function findVersion(
  pool: Pool,
  { field, name }: NamedWorkflow,
  number: number | null,
): Promise<VersionRow | null> {
  const isId = field === 'workflowId';
  const { rows } = await pool.query<VersionRow>({
    name: isId ? 'weft-find-version' : 'weft-find-version-by-key',
    text: `
      SELECT w.id AS "workflowId", v.number, v.definition
      FROM workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND v.number = coalesce($2, w.latest_version)
      WHERE ${isId ? 'w.id' : 'w.key'} = $1 AND w.deleted_at IS NULL`,
    values: [name, number],
  });
  const row = rows[0];
  return row === undefined ? null : { ...row, definition: fromStored(row.definition) };
}

interface VersionRow {
  workflowId: string;
  number: number;
  definition: WorkflowDraft;
}

function checkKey(key: string | null | undefined): UserError[] {
  if (key == null || (key.length > 0 && key.length <= 200)) return [];
  const message = `Expected a key of 1 to 200 characters, got ${key.length}.`;
  return [{ code: 'INVALID', field: 'idempotencyKey', message }];
}

function inputError(error: SchemaError): UserError {
  return {
    code: 'INVALID_INPUT',
    field: ['input', ...error.path].join('.'),
    message: `${sentenceOf(error, { root: 'The input', by: 'title' })}.`,
  };
}

function unknownVersion(workflowId: string, versionNumber: number) {
  const message = `Workflow ${workflowId.slice(0, 100)} has no version ${versionNumber}.`;
  return refuse('NOT_FOUND', 'versionNumber', message);
}

const PYTHON_KEY = 'python';
const ALONE = { keys: new Set([PYTHON_KEY]), ancestors: () => new Set<string>() };

function pythonWorkflow(config: object): WorkflowDraft {
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
  };
}
