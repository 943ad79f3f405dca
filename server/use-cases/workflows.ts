import { isDeepStrictEqual } from 'node:util';
import { And, ILike, In, IsNull, Like } from 'typeorm';
import { DEFAULT_PROJECT, type Reach } from '../auth/principal.ts';
import type { Database, Tx } from '../db/database.ts';
import { WorkflowEntity } from '../db/entities/workflow.entity.ts';
import { WorkflowVersionEntity } from '../db/entities/workflow-version.entity.ts';
import { isDuplicate } from '../db/errors.ts';
import { newestFirst, toPage } from '../db/page.ts';
import { LOOK_AT_ALL_LINES } from '../engine/limits-sql.ts';
import { fromStored, type WorkflowDraft } from '../nodes/draft.ts';
import { newId } from '../shared/ids.ts';
import { refuse, refuseNotFound } from './refuse.ts';
import type { Outcome, Page, PageRequest, UserError, Workflow, WorkflowVersion } from './types.ts';
import { type ValidationDeps, validateWorkflow, withTypesJoins } from './validate.ts';
import { freeKey, keyErrors, slugOf } from './workflow-key.ts';

export type WorkflowUseCases = ReturnType<typeof makeWorkflowUseCases>;

/** Warnings do not keep a workflow from being saved. */
export type SaveOutcome = Outcome<Workflow> & { warnings: UserError[] };

export type UpsertChange = 'CREATED' | 'UPDATED' | 'UNCHANGED';
/** `change` is null where nothing was saved because of an error. */
export type UpsertOutcome = SaveOutcome & { change: UpsertChange | null };

export interface UpsertPlan {
  /** As it is; null where there is none of this key. */
  workflow: Workflow | null;
  /** Null where an error keeps it from being saved. */
  change: UpsertChange | null;
  userErrors: UserError[];
  warnings: UserError[];
}

/** Workflows are changed by adding versions, which never change: an execution's version stays what it ran. */
export function makeWorkflowUseCases(deps: Omit<ValidationDeps, 'project'> & { database: Database }) {
  const { database } = deps;
  const { manager } = database;

  return {
    /** Errors, then warnings. */
    async validate(draft: WorkflowDraft, project = DEFAULT_PROJECT): Promise<UserError[]> {
      const { errors, warnings } = await validateWorkflow(draft, { ...deps, project });
      return [...errors, ...warnings];
    },

    /** @param key its key; by default one that is made of its name */
    async create(given: WorkflowDraft, key?: string | null, project = DEFAULT_PROJECT): Promise<SaveOutcome> {
      const draft = withTypesJoins(given, deps.registry);
      const { errors, warnings } = await validateWorkflow(draft, { ...deps, project });
      const userErrors = [...(key == null ? [] : keyErrors(key)), ...errors];
      if (userErrors.length > 0) return { ok: false, userErrors, warnings };
      const value =
        key == null ? await insertWithFreeKey(draft, project) : await insertWorkflow(draft, key, project);
      return value === null ? { ...refuseTaken(key!), warnings } : { ok: true, value, warnings };
    },

    /** @param expectedVersion refuses to replace a version that the author has not seen */
    async update(
      id: string,
      given: WorkflowDraft,
      expectedVersion?: number | null,
      project = DEFAULT_PROJECT,
    ): Promise<SaveOutcome> {
      const draft = withTypesJoins(given, deps.registry);
      const { errors, warnings } = await validateWorkflow(draft, { ...deps, project });
      if (errors.length > 0) return { ok: false, userErrors: errors, warnings };
      const outcome = await database.transaction(async (tx): Promise<Outcome<Workflow>> => {
        const workflow = await lockWorkflow(tx, { id });
        if (workflow === null) return refuseNotFound('workflow', id);
        if (expectedVersion != null && expectedVersion !== workflow.latestVersion)
          return refuseConflict(expectedVersion, workflow.latestVersion);
        return { ok: true, value: await addVersion(tx, workflow, draft) };
      });
      return { ...outcome, warnings };
    },

    /**
     * Makes the workflow of this key what the draft says: a new workflow, a new version where the draft differs from the
     * latest one, or nothing.
     * @param expectedVersion the version that the author has seen last; 0 for none
     */
    async upsert(
      key: string,
      given: WorkflowDraft,
      expectedVersion?: number | null,
      project = DEFAULT_PROJECT,
    ): Promise<UpsertOutcome> {
      const draft = withTypesJoins(given, deps.registry);
      const { errors, warnings } = await validateWorkflow(draft, { ...deps, project });
      const userErrors = [...keyErrors(key), ...errors];
      if (userErrors.length > 0) return { ok: false, userErrors, warnings, change: null };
      const changed = await database.transaction((tx) =>
        replaceByKey(tx, { key, project }, draft, expectedVersion ?? null),
      );
      if (changed !== null) return { ...changed, warnings };
      if (expectedVersion != null && expectedVersion > 0)
        return { ...refuseNotFound('workflow with the key', key, 'key'), warnings, change: null };
      const created = await insertWorkflow(draft, key, project);
      if (created !== null) return { ok: true, value: created, warnings, change: 'CREATED' };
      return this.upsert(key, draft, expectedVersion, project); // Somebody else has created it meanwhile.
    },

    /** What an upsert would do; saves nothing. */
    async upsertPlan(key: string, given: WorkflowDraft, project = DEFAULT_PROJECT): Promise<UpsertPlan> {
      const draft = withTypesJoins(given, deps.registry);
      const { errors, warnings } = await validateWorkflow(draft, { ...deps, project });
      const userErrors = [...keyErrors(key), ...errors];
      const workflow = await this.getByKey(key, project);
      if (userErrors.length > 0) return { workflow, change: null, userErrors, warnings };
      return { workflow, change: changeOf(draft, workflow), userErrors, warnings };
    },

    /** Gives it another key. Whatever names it by the former one no longer finds it. */
    async rename(id: string, key: string): Promise<Outcome<Workflow>> {
      const userErrors = keyErrors(key);
      if (userErrors.length > 0) return { ok: false, userErrors };
      try {
        const { affected } = await manager.update(WorkflowEntity, { id, deletedAt: IsNull() }, { key });
        if (affected !== 1) return refuseNotFound('workflow', id);
      } catch (error) {
        if (isDuplicate(error)) return refuseTaken(key);
        throw error;
      }
      const workflow = await this.get(id);
      return workflow === null ? refuseNotFound('workflow', id) : { ok: true, value: workflow };
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

    async getByKey(key: string, project = DEFAULT_PROJECT): Promise<Workflow | null> {
      const workflow = await manager.findOneBy(WorkflowEntity, { project, key, deletedAt: IsNull() });
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
    async list(
      page: PageRequest,
      filter: { search?: string | null; reach?: Reach | null },
    ): Promise<Page<Workflow>> {
      const { within, ...read } = newestFirst('id', page);
      const keys = filter.reach?.workflowKeys ?? null;
      const project = filter.reach?.project ?? DEFAULT_PROJECT;
      const listed = { project, deletedAt: IsNull(), ...within, ...(keys && { key: In([...keys]) }) };
      const found = filter.search && ILike(`%${filter.search.replace(/[%_\\]/g, '\\$&')}%`);
      const rows = await manager.find(WorkflowEntity, {
        where: found
          ? [
              { ...listed, name: found },
              { ...listed, key: keys ? And(In([...keys]), found) : found },
            ]
          : listed,
        ...read,
      });
      return toPage(await withVersions(manager, rows), page);
    },
  };

  async function insertWithFreeKey(draft: WorkflowDraft, project: string): Promise<Workflow> {
    const slug = slugOf(draft.name);
    for (;;) {
      const rows = await manager.find(WorkflowEntity, {
        select: { key: true },
        where: { project, key: Like(`${slug}%`), deletedAt: IsNull() },
      });
      const inserted = await insertWorkflow(
        draft,
        freeKey(slug, new Set(rows.map(({ key }) => key))),
        project,
      );
      if (inserted !== null) return inserted; // Else somebody else has taken the key meanwhile.
    }
  }

  /** Null where the key is taken. */
  async function insertWorkflow(
    draft: WorkflowDraft,
    key: string,
    project: string,
  ): Promise<Workflow | null> {
    const now = new Date();
    const workflow: WorkflowEntity = {
      id: newId('wf'),
      project,
      key,
      name: draft.name,
      description: draft.description,
      latestVersion: 1,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    };
    try {
      return await database.transaction(async (tx) => {
        await tx.insert(WorkflowEntity, workflow);
        return toWorkflow(workflow, await insertVersion(tx, workflow, draft, now));
      });
    } catch (error) {
      if (isDuplicate(error)) return null;
      throw error;
    }
  }
}

/** Null where there is no workflow with this key. */
async function replaceByKey(
  tx: Tx,
  named: { key: string; project: string },
  draft: WorkflowDraft,
  expectedVersion: number | null,
): Promise<(Outcome<Workflow> & { change: UpsertChange | null }) | null> {
  const workflow = await lockWorkflow(tx, named);
  if (workflow === null) return null;
  if (expectedVersion !== null && expectedVersion !== workflow.latestVersion)
    return { ...refuseConflict(expectedVersion, workflow.latestVersion), change: null };
  const latest = (await withVersions(tx, [workflow]))[0]!;
  if (changeOf(draft, latest) === 'UNCHANGED') return { ok: true, value: latest, change: 'UNCHANGED' };
  return { ok: true, value: await addVersion(tx, workflow, draft), change: 'UPDATED' };
}

function changeOf(draft: WorkflowDraft, workflow: Workflow | null): UpsertChange {
  if (workflow === null) return 'CREATED';
  return isSameDraft(draft, workflow.latestVersion) ? 'UNCHANGED' : 'UPDATED';
}

function isSameDraft(
  draft: WorkflowDraft,
  { workflowId, number, createdAt, ...saved }: WorkflowVersion,
): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(draft)), saved);
}

async function addVersion(tx: Tx, workflow: WorkflowEntity, draft: WorkflowDraft): Promise<Workflow> {
  const { name, description } = draft;
  const now = new Date();
  Object.assign(workflow, { name, description, latestVersion: workflow.latestVersion + 1, updatedAt: now });
  const version = await insertVersion(tx, workflow, draft, now);
  await tx.save(WorkflowEntity, workflow);
  await tx.query(LOOK_AT_ALL_LINES, [workflow.id]);
  return toWorkflow(workflow, version);
}

function refuseTaken(key: string) {
  return refuse('KEY_TAKEN', 'key', `Another workflow has the key ${key}. Choose another one.`);
}

function refuseConflict(expected: number, latest: number) {
  return refuse(
    'CONFLICT',
    'expectedVersion',
    `Expected version ${expected} to be the latest, but it is ${latest}. Compare the two, then save with expectedVersion ${latest}.`,
  );
}

function lockWorkflow(
  tx: Tx,
  which: { id: string } | { key: string; project: string },
): Promise<WorkflowEntity | null> {
  return tx.findOne(WorkflowEntity, {
    where: { ...which, deletedAt: IsNull() },
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
  { id, project, key, name, description, createdAt, updatedAt }: WorkflowEntity,
  latestVersion: WorkflowVersion,
): Workflow {
  return { id, project, key, name, description, latestVersion, createdAt, updatedAt };
}

function toVersion({ workflowId, number, definition, createdAt }: WorkflowVersionEntity): WorkflowVersion {
  return { ...fromStored(definition as WorkflowDraft), workflowId, number, createdAt };
}
