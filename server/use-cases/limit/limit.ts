import { isLimited, type Principal, type Reach } from '../../auth/principal.ts';
import type { Database } from '../../db/database.ts';
import type { PackageLists } from '../../nodes/package-lists.ts';
import type { NodeRegistry } from '../../nodes/registry.ts';
import { abortableGenerator } from '../abortable-generator.ts';
import { packageErrors } from '../package-lists.ts';
import { whereReached } from '../reach.ts';
import { refuse, refuseNotFound } from '../refuse.ts';
import type { Weft } from '../weft.ts';
import { type Covers, makeCovers } from './covers.ts';
import { environmentsOf } from './environments-of.ts';
import { limitExecutions, untilAborted } from './limit-executions.ts';
import { limitRunning } from './limit-running.ts';
import { limitWorkflows, NOTHING } from './limit-workflows.ts';
import { makeProjectOf } from './project-of.ts';

export interface LimitDeps {
  database: Database;
  registry: NodeRegistry;
  packageLists: PackageLists;
}

/**
 * The use cases as a principal has them: those of its project, with what it does not reach left out, wherever it is asked
 * for. Every way in (resolvers, loaders, streams, downloads) goes through the object that this gives, and each use case is
 * written out here: one that is added does not compile until somebody has decided what each principal gets of it.
 */
export function makeWeftFor(weft: Weft, limitDeps: LimitDeps): (principal: Principal) => Weft {
  const { database } = limitDeps;
  const { pool } = database;
  const limited = new WeakMap<Principal, Weft>();
  const projectOf = {
    workflows: makeProjectOf(pool, 'workflows'),
    executions: makeProjectOf(pool, 'executions'),
  };
  return (principal) => {
    let own = limited.get(principal);
    if (own === undefined) {
      const counted = { ...weft, executions: limitRunning(weft.executions, principal, { database }) };
      own = limit(counted, principal, makeCovers({ pool, projectOf }, principal), limitDeps);
      limited.set(principal, own);
    }
    return own;
  };
}

function limit(
  weft: Weft,
  principal: Principal,
  covers: Covers,
  { database, registry, packageLists }: LimitDeps,
): Weft {
  const { reach } = covers;
  const { project } = reach;
  const isWhole = !isLimited(reach);
  const isOfAll = isWhole && principal.projects === null;
  const projects = isOfAll ? null : (principal.projects ?? [project]);
  return {
    nodeDefinitions: () => weft.nodeDefinitions(),
    workflows: limitWorkflows(weft, covers, registry),
    executions: limitExecutions(weft, covers, packageLists),
    files: {
      find: async (id) => ((await covers.file(id)) ? weft.files.find(id) : null),
      open: async (id) => ((await covers.file(id)) ? weft.files.open(id) : null),
    },
    changes: limitChanges(weft, covers),
    deliveries: limitDeliveries(weft, reach),
    approvals: limitApprovals(weft, covers),
    schedules: limitSchedules(weft, covers),
    webhooks: limitWebhooks(weft, covers),
    violations: {
      list: (page, filter) =>
        weft.violations.list(page, { ...filter, within: whereReached(reach, 'executionId') }),
      added: (filter, acquire) =>
        weft.violations.added({ ...filter, within: whereReached(reach, 'executionId') }, acquire),
      alerts: async (page) => (isWhole ? weft.violations.alerts(page, project) : NOTHING),
    },
    python: {
      check: (code, options) => weft.python.check(code, options),
      async environments() {
        const all = isWhole ? await weft.python.environments() : [];
        return isOfAll ? all : environmentsOf(database.pool, project, all);
      },
      async prepareEnvironment(packages) {
        if (!isWhole) return refuseShared('packages');
        const userErrors = await packageErrors(packageLists, project, packages);
        return userErrors.length > 0 ? { ok: false, userErrors } : weft.python.prepareEnvironment(packages);
      },
      environmentProgress: (packages) =>
        abortableGenerator(async function* (signal) {
          if (!isWhole) throw new Error('graphql/permissions.ts refuses it before');
          const errors = await packageErrors(packageLists, project, packages);
          const message = errors.map((error) => error.message).join('\n');
          if (errors.length > 0) yield { status: 'FAILED', packages, message, environment: null };
          else yield* untilAborted(weft.python.environmentProgress(packages), signal);
        }),
      deleteEnvironment: async (id) => (isOfAll ? weft.python.deleteEnvironment(id) : refuseShared('id')),
    },
    tokens: limitTokens(weft, principal),
    audit: {
      record: (line) => weft.audit.record(line),
      list: async (page, filter) => (isWhole ? weft.audit.list(page, { ...filter, project }) : NOTHING),
    },
    projects: {
      get: async (key) => ((projects?.includes(key) ?? true) ? weft.projects.get(key) : null),
      list: (page, filter) => weft.projects.list(page, { ...filter, keys: projects }),
      create: async (input) => (isOfAll ? weft.projects.create(input) : refuseShared('key')),
      update: async (key, change) => (isOfAll ? weft.projects.update(key, change) : refuseShared('key')),
      delete: async (key) => (isOfAll ? weft.projects.delete(key) : refuseShared('key')),
    },
    secrets: {
      list: async () => (isWhole ? weft.secrets.list(project) : []),
      get: async (name) => (isWhole ? weft.secrets.get(name, project) : null),
      set: async (name, value, by) =>
        isWhole ? weft.secrets.set(name, value, by, project) : refuseShared('name'),
      delete: async (name) => (isWhole ? weft.secrets.delete(name, project) : refuseShared('name')),
      usedBy: async (names) => (isWhole ? weft.secrets.usedBy(names, project) : names.map(() => [])),
    },
    serverInfo: () => weft.serverInfo(),
  };
}

/** Those of the project; who may act in all projects also has those that may. */
function limitTokens({ tokens }: Weft, principal: Principal): Weft['tokens'] {
  const { reach, projects } = principal;
  const isWhole = !isLimited(reach);
  const get: Weft['tokens']['get'] = async (id) => {
    const token = isWhole ? await tokens.get(id) : null;
    const isReached = token?.project === reach.project || (token?.project === null && projects === null);
    return isReached ? token : null;
  };
  return {
    get,
    list: async (page, filter) =>
      isWhole
        ? tokens.list(page, { ...filter, project: reach.project, withThoseOfAll: projects === null })
        : NOTHING,
    create: async (input, by) => (isWhole ? tokens.create(input, by) : refuseShared('name')),
    revoke: async (id) => ((await get(id)) === null ? refuseNotFound('token', id) : tokens.revoke(id)),
    mint: (input, by) => tokens.mint(input, by),
  };
}

function limitApprovals({ approvals }: Weft, { reach, execution }: Covers): Weft['approvals'] {
  const get: Weft['approvals']['get'] = async (id) => {
    const approval = await approvals.get(id);
    return approval !== null && (await execution(approval.executionId)) ? approval : null;
  };
  return {
    get,
    list: (page, filter) => approvals.list(page, { ...filter, reach }),
    updates: (filter, acquire) => approvals.updates({ ...filter, reach }, acquire),
    async resolve(id, input) {
      return (await get(id)) === null ? refuseNotFound('approval', id) : approvals.resolve(id, input);
    },
  };
}

/** Of a whole project; graphql/permissions.ts refuses who reaches less. */
function limitDeliveries({ deliveries }: Weft, reach: Reach): Weft['deliveries'] {
  const { project } = reach;
  const isWhole = !isLimited(reach);
  const ofProject = <T extends { project: string }>(row: T | null) =>
    isWhole && row?.project === project ? row : null;
  const endpoint: Weft['deliveries']['endpoint'] = async (id) => ofProject(await deliveries.endpoint(id));
  const delivery: Weft['deliveries']['delivery'] = async (id) => ofProject(await deliveries.delivery(id));
  const ifReached = async <T>(id: string, change: () => Promise<T>) =>
    (await endpoint(id)) === null ? refuseNotFound('webhook endpoint', id) : change();
  return {
    endpoint,
    delivery,
    endpoints: async (page) => (isWhole ? deliveries.endpoints(page, { project }) : NOTHING),
    list: async (page, filter) => (isWhole ? deliveries.list(page, { ...filter, project }) : NOTHING),
    create: async (input, principal) =>
      isWhole ? deliveries.create(input, principal, project) : refuseShared('url'),
    update: (id, change) => ifReached(id, () => deliveries.update(id, change)),
    delete: (id) => ifReached(id, () => deliveries.delete(id)),
    rotateSecret: (id, graceSeconds) => ifReached(id, () => deliveries.rotateSecret(id, graceSeconds)),
    test: (id) => ifReached(id, () => deliveries.test(id)),
    redeliver: async (id) =>
      (await delivery(id)) === null ? refuseNotFound('delivery', id) : deliveries.redeliver(id),
  };
}

function limitChanges({ changes }: Weft, { reach }: Covers): Weft['changes'] {
  return {
    list: (after, size, filter) => changes.list(after, size, { ...filter, reach }),
    follow: (after, filter, acquire) => changes.follow(after, { ...filter, reach }, acquire),
  };
}

function limitSchedules({ schedules }: Weft, covers: Covers): Weft['schedules'] {
  const { reach } = covers;
  const get: Weft['schedules']['get'] = async (id) => {
    const schedule = reach.definitions ? await schedules.get(id) : null;
    return schedule !== null && (await covers.workflow(schedule.workflowId)) ? schedule : null;
  };
  const ifReached = async <T>(id: string, change: () => Promise<T>) =>
    (await get(id)) === null ? refuseNotFound('schedule', id) : change();
  return {
    get,
    getMany: async (ids) => Promise.all(ids.map(get)),
    list: async (page, filter) => (reach.definitions ? schedules.list(page, { ...filter, reach }) : NOTHING),
    firings: async (id, page) => ((await get(id)) === null ? NOTHING : schedules.firings(id, page)),
    nextTimes: (schedule, count, after) => schedules.nextTimes(schedule, count, after),
    preview: (timing, count, after) => schedules.preview(timing, count, after),
    async create(names, input, principal) {
      const { workflowId, workflowKey } = names;
      if (workflowKey != null && !covers.key(workflowKey))
        return refuseNotFound('workflow', workflowKey, 'workflowKey');
      if (workflowId != null && !(await covers.workflow(workflowId)))
        return refuseNotFound('workflow', workflowId, 'workflowId');
      return schedules.create(names, input, principal, reach.project);
    },
    update: (id, change) => ifReached(id, () => schedules.update(id, change)),
    delete: (id) => ifReached(id, () => schedules.delete(id)),
    pause: (id, reason) => ifReached(id, () => schedules.pause(id, reason)),
    resume: (id) => ifReached(id, () => schedules.resume(id)),
    trigger: (id) => ifReached(id, () => schedules.trigger(id)),
    backfill: (id, from, to) => ifReached(id, () => schedules.backfill(id, from, to)),
  };
}

function limitWebhooks({ webhooks }: Weft, covers: Covers): Weft['webhooks'] {
  const { reach } = covers;
  const get: Weft['webhooks']['get'] = async (id) => {
    const webhook = reach.definitions ? await webhooks.get(id) : null;
    return webhook !== null && (await covers.workflow(webhook.workflowId)) ? webhook : null;
  };
  const ifReached = async <T>(id: string, change: () => Promise<T>) =>
    (await get(id)) === null ? refuseNotFound('webhook', id) : change();
  return {
    get,
    getMany: async (ids) => Promise.all(ids.map(get)),
    list: async (page, filter) => (reach.definitions ? webhooks.list(page, { ...filter, reach }) : NOTHING),
    requests: async (id, withBodies) => ((await get(id)) === null ? [] : webhooks.requests(id, withBodies)),
    async create(names, input, signingSecrets, principal) {
      const { workflowId, workflowKey } = names;
      if (workflowKey != null && !covers.key(workflowKey))
        return refuseNotFound('workflow', workflowKey, 'workflowKey');
      if (workflowId != null && !(await covers.workflow(workflowId)))
        return refuseNotFound('workflow', workflowId, 'workflowId');
      return webhooks.create(names, input, signingSecrets, principal, reach.project);
    },
    update: (id, change, signingSecrets) => ifReached(id, () => webhooks.update(id, change, signingSecrets)),
    delete: (id) => ifReached(id, () => webhooks.delete(id)),
    rotateSecret: (id, graceSeconds) => ifReached(id, () => webhooks.rotateSecret(id, graceSeconds)),
    replay: (id, requestId) => ifReached(id, () => webhooks.replay(id, requestId)),
  };
}

/** What all workflows share. graphql/permissions.ts refuses it before. */
function refuseShared(field: string) {
  return refuse('FORBIDDEN', field, 'Expected a token that reaches everything, got one that is limited.');
}
