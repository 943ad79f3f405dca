import type { Pool } from 'pg';
import type { Principal } from '../../auth/principal.ts';
import type { NodeRegistry } from '../../nodes/registry.ts';
import { workflowWithin } from '../reach.ts';
import { refuse, refuseNotFound } from '../refuse.ts';
import type { Weft } from '../weft.ts';
import { type Covers, makeCovers } from './covers.ts';
import { limitExecutions } from './limit-executions.ts';
import { limitWorkflows, NOTHING } from './limit-workflows.ts';

export interface LimitDeps {
  pool: Pool;
  registry: NodeRegistry;
}

/**
 * The use cases as a principal has them: all as they are where it reaches everything, and otherwise with what it does not
 * reach left out, wherever it is asked for. Every way in (resolvers, loaders, streams, downloads) goes through the object
 * that this gives, and each use case is written out here: one that is added does not compile until somebody has decided
 * what a limited principal gets of it.
 */
export function makeWeftFor(weft: Weft, { pool, registry }: LimitDeps): (principal: Principal) => Weft {
  const limited = new WeakMap<Principal, Weft>();
  return (principal) => {
    if (principal.reach === null) return weft;
    let own = limited.get(principal);
    if (own === undefined) {
      own = limit(weft, makeCovers(pool, principal, principal.reach), registry);
      limited.set(principal, own);
    }
    return own;
  };
}

function limit(weft: Weft, covers: Covers, registry: NodeRegistry): Weft {
  const { reach } = covers;
  return {
    nodeDefinitions: () => weft.nodeDefinitions(),
    workflows: limitWorkflows(weft, covers, registry),
    executions: limitExecutions(weft, covers),
    files: {
      find: async (id) => ((await covers.file(id)) ? weft.files.find(id) : null),
      open: async (id) => ((await covers.file(id)) ? weft.files.open(id) : null),
    },
    approvals: limitApprovals(weft, covers),
    schedules: limitSchedules(weft, covers),
    webhooks: limitWebhooks(weft, covers),
    violations: {
      list: (page, { workflowId = null, ...filter }) =>
        weft.violations.list(page, { ...filter, within: workflowWithin(reach, 'executionId', workflowId) }),
      added: ({ workflowId = null }, acquire) =>
        weft.violations.added({ within: workflowWithin(reach, 'executionId', workflowId) }, acquire),
      alerts: async () => NOTHING,
    },
    python: {
      check: (code, options) => weft.python.check(code, options),
      environments: async () => [],
      prepareEnvironment: async () => refuseShared('packages'),
      environmentProgress: () => {
        throw new Error('graphql/permissions.ts refuses it before');
      },
      deleteEnvironment: async () => refuseShared('id'),
    },
    tokens: {
      list: async () => NOTHING,
      get: async () => null,
      create: async () => refuseShared('name'),
      revoke: async (id) => refuseNotFound('token', id),
      mint: (input, principal) => weft.tokens.mint(input, principal),
    },
    audit: { record: (line) => weft.audit.record(line), list: async () => NOTHING },
    serverInfo: () => weft.serverInfo(),
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
      return schedules.create(names, input, principal);
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
      return webhooks.create(names, input, signingSecrets, principal);
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
