import { ILike, IsNull } from 'typeorm';
import type { Database, Tx } from '../db/database.ts';
import { WorkflowEntity } from '../db/entities/workflow.entity.ts';
import { WorkflowVersionEntity } from '../db/entities/workflow-version.entity.ts';
import { newestFirst, toPage } from '../db/page.ts';
import type { Evaluator } from '../expressions/evaluator.ts';
import type { WorkflowDraft } from '../nodes/draft.ts';
import type { NodeRegistry } from '../nodes/registry.ts';
import { newId } from '../shared/ids.ts';
import { refuse, refuseNotFound } from './refuse.ts';
import type { Outcome, Page, PageRequest, UserError, Workflow, WorkflowVersion } from './types.ts';
import { validateWorkflow } from './validate.ts';

export type WorkflowUseCases = ReturnType<typeof makeWorkflowUseCases>;

/** Warnings do not keep a workflow from being saved. */
export type SaveOutcome = Outcome<Workflow> & { warnings: UserError[] };

/** Workflows are changed by adding versions, which never change: an execution's version stays what it ran. */
export function makeWorkflowUseCases(deps: {
  database: Database;
  registry: NodeRegistry;
  evaluator: Evaluator;
}) {
  const { database } = deps;
  const { manager } = database;

  return {
    /** Errors, then warnings. */
    async validate(draft: WorkflowDraft): Promise<UserError[]> {
      const { errors, warnings } = await validateWorkflow(draft, deps);
      return [...errors, ...warnings];
    },

    async create(draft: WorkflowDraft): Promise<SaveOutcome> {
      const { errors, warnings } = await validateWorkflow(draft, deps);
      if (errors.length > 0) return { ok: false, userErrors: errors, warnings };
      const now = new Date();
      const workflow: WorkflowEntity = {
        id: newId('wf'),
        name: draft.name,
        description: draft.description,
        latestVersion: 1,
        createdAt: now,
        updatedAt: now,
        deletedAt: null,
      };
      const version = await database.transaction(async (tx) => {
        await tx.insert(WorkflowEntity, workflow);
        return insertVersion(tx, workflow, draft, now);
      });
      return { ok: true, value: toWorkflow(workflow, version), warnings };
    },

    /** @param expectedVersion refuses to replace a version that the author has not seen */
    async update(id: string, draft: WorkflowDraft, expectedVersion?: number | null): Promise<SaveOutcome> {
      const { errors, warnings } = await validateWorkflow(draft, deps);
      if (errors.length > 0) return { ok: false, userErrors: errors, warnings };
      const outcome = await database.transaction(async (tx): Promise<Outcome<Workflow>> => {
        const workflow = await lockWorkflow(tx, id);
        if (workflow === null) return refuseNotFound('workflow', id);
        if (expectedVersion != null && expectedVersion !== workflow.latestVersion)
          return refuseConflict(expectedVersion, workflow.latestVersion);
        const now = new Date();
        const { name, description } = draft;
        Object.assign(workflow, {
          name,
          description,
          latestVersion: workflow.latestVersion + 1,
          updatedAt: now,
        });
        const version = await insertVersion(tx, workflow, draft, now);
        await tx.save(WorkflowEntity, workflow);
        return { ok: true, value: toWorkflow(workflow, version) };
      });
      return { ...outcome, warnings };
    },

    async delete(id: string): Promise<Outcome<{ id: string }>> {
      const { affected } = await manager.update(
        WorkflowEntity,
        { id, deletedAt: IsNull() },
        { deletedAt: new Date() },
      );
      return affected === 1 ? { ok: true, value: { id } } : refuseNotFound('workflow', id);
    },

    async get(id: string): Promise<Workflow | null> {
      const workflow = await manager.findOneBy(WorkflowEntity, { id, deletedAt: IsNull() });
      return workflow && (await withVersions(manager, [workflow]))[0]!;
    },

    /** In the order of `ids`; deleted workflows included, for the executions that name them. */
    async getMany(ids: readonly string[]): Promise<(Workflow | null)[]> {
      const rows = await manager
        .createQueryBuilder(WorkflowEntity, 'w')
        .where('w.id = ANY (:ids)', { ids })
        .getMany();
      const byId = new Map((await withVersions(manager, rows)).map((workflow) => [workflow.id, workflow]));
      return ids.map((id) => byId.get(id) ?? null);
    },

    async getVersions(
      keys: readonly { workflowId: string; number: number }[],
    ): Promise<(WorkflowVersion | null)[]> {
      const rows = keys.length === 0 ? [] : await manager.find(WorkflowVersionEntity, { where: [...keys] });
      const byKey = new Map(rows.map((row) => [`${row.workflowId}/${row.number}`, toVersion(row)]));
      return keys.map(({ workflowId, number }) => byKey.get(`${workflowId}/${number}`) ?? null);
    },

    /** Newest first; a cursor is a version number. */
    async versions(workflowId: string, page: PageRequest): Promise<Page<WorkflowVersion>> {
      const { within, ...read } = newestFirst('number', page);
      const rows = await manager.find(WorkflowVersionEntity, { where: { workflowId, ...within }, ...read });
      return toPage(rows.map(toVersion), page);
    },

    /** Newest first; a cursor is an id. */
    async list(page: PageRequest, filter: { search?: string | null }): Promise<Page<Workflow>> {
      const { within, ...read } = newestFirst('id', page);
      const rows = await manager.find(WorkflowEntity, {
        where: {
          deletedAt: IsNull(),
          ...within,
          ...(filter.search ? { name: ILike(`%${filter.search.replace(/[%_\\]/g, '\\$&')}%`) } : {}),
        },
        ...read,
      });
      return toPage(await withVersions(manager, rows), page);
    },
  };
}

function refuseConflict(expected: number, latest: number) {
  return refuse(
    'CONFLICT',
    'expectedVersion',
    `Expected version ${expected} to be the latest, but it is ${latest}. Compare the two, then save with expectedVersion ${latest}.`,
  );
}

function lockWorkflow(tx: Tx, id: string): Promise<WorkflowEntity | null> {
  return tx.findOne(WorkflowEntity, {
    where: { id, deletedAt: IsNull() },
    lock: { mode: 'pessimistic_write' },
  });
}

async function insertVersion(tx: Tx, { id, latestVersion }: WorkflowEntity, draft: WorkflowDraft, now: Date) {
  const version: WorkflowVersionEntity = {
    workflowId: id,
    number: latestVersion,
    definition: draft,
    createdAt: now,
  };
  await tx.insert(WorkflowVersionEntity, { ...version, definition: draft as object });
  return toVersion(version);
}

async function withVersions(manager: Tx, workflows: WorkflowEntity[]): Promise<Workflow[]> {
  if (workflows.length === 0) return [];
  const rows = await manager.find(WorkflowVersionEntity, {
    where: workflows.map(({ id, latestVersion }) => ({ workflowId: id, number: latestVersion })),
  });
  const latest = new Map(rows.map((row) => [row.workflowId, toVersion(row)]));
  return workflows.map((workflow) => toWorkflow(workflow, latest.get(workflow.id)!));
}

function toWorkflow(
  { id, name, description, createdAt, updatedAt }: WorkflowEntity,
  latestVersion: WorkflowVersion,
): Workflow {
  return { id, name, description, latestVersion, createdAt, updatedAt };
}

function toVersion({ workflowId, number, definition, createdAt }: WorkflowVersionEntity): WorkflowVersion {
  return { ...(definition as WorkflowDraft), workflowId, number, createdAt };
}
