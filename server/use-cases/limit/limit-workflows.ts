import { isDeepStrictEqual } from 'node:util';
import { isLimited } from '../../auth/principal.ts';
import type { WorkflowDraft } from '../../nodes/draft.ts';
import type { NodeRegistry } from '../../nodes/registry.ts';
import { refuse, refuseNotFound } from '../refuse.ts';
import type { Outcome, Page } from '../types.ts';
import type { Weft } from '../weft.ts';
import type { WorkflowUseCases } from '../workflows.ts';
import type { Covers } from './covers.ts';

/** Workflows as a principal has them. What it does not reach is not there. */
export function limitWorkflows(
  { workflows }: Weft,
  covers: Covers,
  registry: NodeRegistry,
): WorkflowUseCases {
  const { reach } = covers;
  const { project, workflowKeys: keys } = reach;
  const limited = isLimited(reach);

  return {
    /** Whether there is a workflow is not told either: that of somebody else is refused before it is looked for. */
    async validate(draft) {
      const refused = await refuseCalls(draft);
      return refused === null || refused.ok ? workflows.validate(draft, project) : refused.userErrors;
    },

    async create(draft, key) {
      const refused =
        (await refuseCalls(draft)) ?? (limited && (key == null || !covers.key(key)) ? refuseKey() : null);
      return refused === null ? workflows.create(draft, key, project) : { ...refused, warnings: [] };
    },

    async update(id, draft, expectedVersion) {
      const refused = (await covers.workflow(id))
        ? await refuseCalls(draft, id)
        : refuseNotFound('workflow', id);
      return refused === null
        ? workflows.update(id, draft, expectedVersion, project)
        : { ...refused, warnings: [] };
    },

    async upsert(key, draft, expectedVersion) {
      const refused = await refuseUpsert(key, draft);
      if (refused === null) return workflows.upsert(key, draft, expectedVersion, project);
      return { ...refused, warnings: [], change: null };
    },

    async upsertPlan(key, draft) {
      const refused = await refuseUpsert(key, draft);
      if (refused !== null && !refused.ok)
        return { workflow: null, change: null, userErrors: refused.userErrors, warnings: [] };
      const plan = await workflows.upsertPlan(key, draft, project);
      return reach.definitions ? plan : { ...plan, workflow: null };
    },

    async rename(id, key) {
      if (!(await covers.workflow(id))) return refuseNotFound('workflow', id);
      return covers.key(key) ? workflows.rename(id, key) : refuseKey();
    },

    async delete(id) {
      return (await covers.workflow(id)) ? workflows.delete(id) : refuseNotFound('workflow', id);
    },

    get: async (id) => ((await mayRead(id)) ? workflows.get(id) : null),
    getByKey: async (key) => (reach.definitions && covers.key(key) ? workflows.getByKey(key, project) : null),

    async getMany(ids) {
      const reached = reach.definitions ? await covers.workflows(ids) : NONE;
      const found = await workflows.getMany(ids.filter((id) => reached.has(id)));
      const byId = new Map(found.map((workflow) => [workflow?.id, workflow]));
      return ids.map((id) => byId.get(id) ?? null);
    },

    async getVersions(wanted) {
      const ids = wanted.map(({ workflowId }) => workflowId);
      const reached = reach.definitions ? await covers.workflows(ids) : NONE;
      const found = await workflows.getVersions(wanted.filter(({ workflowId }) => reached.has(workflowId)));
      let next = 0;
      return wanted.map(({ workflowId }) => (reached.has(workflowId) ? (found[next++] ?? null) : null));
    },

    versions: async (id, page) => ((await mayRead(id)) ? workflows.versions(id, page) : NOTHING),

    async list(page, filter) {
      return reach.definitions ? workflows.list(page, { ...filter, reach }) : NOTHING;
    },
  };

  async function refuseUpsert(key: string, draft: WorkflowDraft) {
    if (!limited) return null;
    const former = covers.key(key) ? await workflows.getByKey(key, project) : null;
    return covers.key(key) ? refuseCalls(draft, former?.id) : refuseKey();
  }

  async function mayRead(id: string): Promise<boolean> {
    return reach.definitions && covers.workflow(id);
  }

  /**
   * A workflow runs others with nobody's limits: who may change one must not reach others through it. What it called
   * before, it may go on to call.
   */
  async function refuseCalls(draft: WorkflowDraft, id?: string): Promise<Outcome<never> | null> {
    if (!limited) return null; // It runs none of another project.
    const before = id === undefined ? null : await workflows.get(id);
    for (const [n, { key, type, config }] of draft.nodes.entries()) {
      if (registry.get(type)?.startsExecutions !== true) continue;
      const { workflow } = config as { workflow?: unknown };
      if (typeof workflow !== 'string' || (await reachesName(workflow))) continue;
      const same = before?.latestVersion.nodes.find((node) => node.key === key);
      if (same !== undefined && isDeepStrictEqual((same.config as { workflow?: unknown }).workflow, workflow))
        continue;
      return refuse(
        'FORBIDDEN',
        `nodes.${n}.config.workflow`,
        `Expected a workflow that this token reaches, by its key, got ${workflow.slice(0, 100)}. It reaches ${keys?.join(', ')}.`,
      );
    }
    return null;
  }

  /** A template could become any name. */
  async function reachesName(name: string): Promise<boolean> {
    return name.includes('_') ? covers.workflow(name) : covers.key(name);
  }

  function refuseKey() {
    return refuse(
      'FORBIDDEN',
      'key',
      `Expected a key that this token is limited to: ${keys?.join(', ')}. Name one of them, or use another token.`,
    );
  }
}

const NONE: ReadonlySet<string> = new Set();
export const NOTHING: Page<never> = { items: [], hasNextPage: false, hasPreviousPage: false };
