import type { Pool, PoolClient } from 'pg';
import { commitTogether } from '../db/commit-together.ts';
import type { Database, Tx } from '../db/database.ts';
import { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { sqlState } from '../db/errors.ts';
import type { ExecutionQueue } from '../engine/queue.ts';
import type { Hub } from '../journal/hub.ts';
import type { NodeDraft, WorkflowDraft } from '../nodes/draft.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { newId } from '../shared/ids.ts';
import { findMisfits } from '../shared/json-schema.ts';
import { toExecution } from './executions.ts';
import type { Execution, Outcome, UserError } from './types.ts';
import { validateConfig } from './validate-config.ts';
import { notFound } from './workflows.ts';

export interface StartDeps {
  database: Database;
  hub: Hub;
  queue: ExecutionQueue;
  registry: NodeRegistry;
  /** Who asks, for the audit trail. */
  principal: string;
}

export interface StartInput {
  workflowId: string;
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
  input: unknown;
  idempotencyKey?: string | null;
}

export type RetryStrategy = 'ALL_NODES' | 'FROM_FAILURE';

type NewExecution = Pick<
  ExecutionEntity,
  'workflowId' | 'versionNumber' | 'definition' | 'input' | 'idempotencyKey' | 'retryOf' | 'retryStrategy'
>;

/** The ways in which an execution begins. Each commits the row, its first event and its job together. */
export function makeStartUseCases({ database, hub, queue, registry, principal }: StartDeps) {
  const { manager, pool } = database;

  return {
    async start({
      workflowId,
      versionNumber,
      input,
      idempotencyKey,
    }: StartInput): Promise<Outcome<Execution>> {
      const version = await findVersion(pool, workflowId, versionNumber ?? null);
      if (version === null) {
        return versionNumber == null
          ? notFound(workflowId, 'workflowId')
          : unknownVersion(workflowId, versionNumber);
      }
      const userErrors = [...checkKey(idempotencyKey), ...checkInput(version.inputSchema, input)];
      if (userErrors.length > 0) return { ok: false, userErrors };
      return begin({
        workflowId,
        versionNumber: version.number,
        definition: null,
        input,
        idempotencyKey: idempotencyKey ?? null,
        retryOf: null,
        retryStrategy: null,
      });
    },

    /** One Python node, no workflow needed. */
    async runPython({ input, idempotencyKey, ...given }: PythonRunInput): Promise<Outcome<Execution>> {
      const config = Object.fromEntries(
        Object.entries(given).filter(([, value]) => value !== null && value !== undefined),
      );
      const problems = validateConfig(registry.get('python')!, config, '');
      const userErrors = [
        ...checkKey(idempotencyKey),
        ...problems.map((problem) => ({ ...problem, field: problem.field?.replace(/^\./, '') ?? null })),
      ];
      if (userErrors.length > 0) return { ok: false, userErrors };
      return begin({
        workflowId: null,
        versionNumber: null,
        definition: pythonWorkflow(config),
        input,
        idempotencyKey: idempotencyKey ?? null,
        retryOf: null,
        retryStrategy: null,
      });
    },

    /** A new execution of the same version with the same input. */
    async retry(id: string, strategy: RetryStrategy): Promise<Outcome<Execution>> {
      const former = await manager.findOneBy(ExecutionEntity, { id });
      if (former === null) return refuse('NOT_FOUND', `There is no execution ${id.slice(0, 100)}.`);
      if (former.finishedAt === null) {
        return refuse(
          'NOT_ENDED',
          `Execution ${id} is ${former.status}. Wait for its end, or cancel it, before retrying.`,
        );
      }
      if (strategy === 'FROM_FAILURE' && former.status === 'SUCCEEDED') {
        return refuse(
          'NOTHING_FAILED',
          `Execution ${id} succeeded, so there is no failure to retry from. Use ALL_NODES to run it again.`,
        );
      }
      const { workflowId, versionNumber, definition, input } = former;
      return begin({
        workflowId,
        versionNumber,
        definition,
        input,
        idempotencyKey: null,
        retryOf: id,
        retryStrategy: strategy,
      });
    },
  };

  async function begin(execution: NewExecution): Promise<Outcome<Execution>> {
    const { workflowId, idempotencyKey } = execution;
    try {
      const row = queuedExecution(execution, principal);
      await commitTogether(pool, (client) => [insertExecution(client, row), queue.enqueue(client, row.id)]);
      hub.wake('queue', '');
      hub.wake('status', row.id);
      return { ok: true, value: toExecution(row) };
    } catch (error) {
      if (idempotencyKey === null || sqlState(error) !== UNIQUE_VIOLATION) throw error;
      const first = await findByKey(manager, workflowId, idempotencyKey);
      return { ok: true, value: toExecution(first) };
    }
  }
}

const UNIQUE_VIOLATION = '23505';

function queuedExecution(execution: NewExecution, principal: string): ExecutionEntity {
  return {
    ...execution,
    id: newId('exec'),
    principal,
    status: 'QUEUED',
    output: null,
    error: null,
    cancelRequested: null,
    createdAt: new Date(),
    startedAt: null,
    finishedAt: null,
  };
}

/** The row and its first event, in one statement. */
function insertExecution(client: PoolClient, row: ExecutionEntity): Promise<unknown> {
  const json = (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value));
  return client.query({
    name: 'weft-insert-execution',
    text: INSERT_EXECUTION,
    values: [
      row.id,
      row.workflowId,
      row.versionNumber,
      json(row.definition),
      json(row.input),
      row.idempotencyKey,
      row.retryOf,
      row.retryStrategy,
      row.createdAt,
      row.principal,
    ],
  });
}

const INSERT_EXECUTION = `
  WITH execution AS (
    INSERT INTO executions (id, workflow_id, version_number, definition, status, input, idempotency_key, retry_of,
                            retry_strategy, created_at, principal)
    VALUES ($1, $2, $3, $4, 'QUEUED', $5, $6, $7, $8, $9, $10)
    RETURNING id
  )
  INSERT INTO execution_events (execution_id, seq, type, payload, occurred_at, writer)
  SELECT id, 1, 'ExecutionQueued', '{}', $9, 'start' FROM execution`;

/** A prepared statement, because every start passes here. */
async function findVersion(
  pool: Pool,
  workflowId: string,
  number: number | null,
): Promise<VersionRow | null> {
  const { rows } = await pool.query<VersionRow>({
    name: 'weft-find-version',
    text: `
      SELECT v.number, v.definition->'inputSchema' AS "inputSchema"
      FROM workflows w JOIN workflow_versions v ON v.workflow_id = w.id AND v.number = coalesce($2, w.latest_version)
      WHERE w.id = $1 AND w.deleted_at IS NULL`,
    values: [workflowId, number],
  });
  return rows[0] ?? null;
}

interface VersionRow {
  number: number;
  inputSchema: unknown;
}

function findByKey(manager: Tx, workflowId: string | null, idempotencyKey: string): Promise<ExecutionEntity> {
  return manager
    .createQueryBuilder(ExecutionEntity, 'e')
    .where(`coalesce(e.workflow_id, '') = :workflowId AND e.idempotency_key = :idempotencyKey`, {
      workflowId: workflowId ?? '',
      idempotencyKey,
    })
    .getOneOrFail();
}

function checkKey(key: string | null | undefined): UserError[] {
  if (key == null || (key.length > 0 && key.length <= 200)) return [];
  const message = `Expected a key of 1 to 200 characters, got ${key.length}.`;
  return [{ code: 'INVALID', field: 'idempotencyKey', message }];
}

function checkInput(inputSchema: unknown, input: unknown): UserError[] {
  return findMisfits(inputSchema, input).map(({ path, message }) => ({
    code: 'INVALID_INPUT',
    field: ['input', ...path].join('.'),
    message: `The input does not fit the workflow's inputSchema: ${message}.`,
  }));
}

function unknownVersion(workflowId: string, versionNumber: number): { ok: false; userErrors: UserError[] } {
  const message = `Workflow ${workflowId.slice(0, 100)} has no version ${versionNumber}.`;
  return { ok: false, userErrors: [{ code: 'NOT_FOUND', field: 'versionNumber', message }] };
}

function refuse(code: string, message: string): { ok: false; userErrors: UserError[] } {
  return { ok: false, userErrors: [{ code, field: 'id', message }] };
}

function pythonWorkflow(config: object): WorkflowDraft {
  const node: NodeDraft = {
    key: 'python',
    type: 'python',
    name: null,
    config,
    position: null,
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
