import { GraphQLError, type GraphQLField, type GraphQLSchema } from 'graphql';
import type { Token } from '../../auth/token-store.ts';
import { WeftError } from '../../shared/errors.ts';
import type { Approval } from '../../use-cases/approvals.ts';
import type { WebhookDelivery, WebhookEndpoint } from '../../use-cases/deliveries/endpoint.ts';
import type { Project } from '../../use-cases/projects.ts';
import type { Secret } from '../../use-cases/secrets/secret.ts';
import type { Schedule } from '../../use-cases/triggers/schedule.ts';
import type { Execution, Workflow } from '../../use-cases/types.ts';
import type { Webhook } from '../../use-cases/webhooks/webhook.ts';
import type { Weft } from '../../use-cases/weft.ts';
import type { GraphqlContext } from '../context.ts';
import { lineOf } from './audit-line.ts';
import { hashOfValue, summaryOfArguments, within } from './summary.ts';

/** Those that name what a mutation is done to; each mutation has some of them. */
interface Arguments {
  id: string;
  key: string;
  name: string;
  input: { id: string };
}
type Payload = Readonly<Record<string, unknown>>;

/** How a mutation stands in the audit trail. */
interface Audited {
  /** What it is done to, as it is before; undefined where there is no such thing yet. */
  before?: (args: Arguments, weft: Weft) => Promise<Summary | null>;
  /** The same afterwards, from what the mutation answers. */
  after: (payload: Payload) => Summary | null;
}

interface Summary {
  target: string | null;
  /** Bounded; of definitions the hash. */
  is: unknown;
}

const workflow = {
  before: async ({ id }: Arguments, { workflows }: Weft) => ofWorkflow(await workflows.get(id)),
  after: ({ workflow }: Payload) => ofWorkflow(workflow as Workflow | null),
};
const execution = {
  before: async ({ id }: Arguments, { executions }: Weft) => ofExecution(await executions.get(id)),
  after: ({ execution }: Payload) => ofExecution(execution as Execution | null),
};
const schedule = {
  before: async ({ id }: Arguments, { schedules }: Weft) => ofSchedule(await schedules.get(id)),
  after: ({ schedule }: Payload) => ofSchedule(schedule as Schedule | null),
};
const webhook = {
  before: async ({ id }: Arguments, { webhooks }: Weft) => ofWebhook(await webhooks.get(id)),
  after: ({ webhook }: Payload) => ofWebhook(webhook as Webhook | null),
};
const endpoint = {
  before: async ({ id }: Arguments, { deliveries }: Weft) => ofEndpoint(await deliveries.endpoint(id)),
  after: ({ webhookEndpoint }: Payload) => ofEndpoint(webhookEndpoint as WebhookEndpoint | null),
};
const delivery = {
  after: ({ delivery }: Payload) => ofDelivery(delivery as WebhookDelivery | null),
};
const token = {
  before: async ({ id }: Arguments, { tokens }: Weft) => ofToken(await tokens.get(id)),
  after: ({ token }: Payload) => ofToken(token as Token | null),
};
const secret = {
  before: async ({ name }: Arguments, { secrets }: Weft) => ofSecret(await secrets.get(name)),
  after: ({ secret }: Payload) => ofSecret(secret as Secret | null),
};
const approval = {
  before: async ({ input }: Arguments, { approvals }: Weft) => ofApproval(await approvals.get(input.id)),
  after: ({ approval }: Payload) => ofApproval(approval as Approval | null),
};
const project = {
  before: async ({ key }: Arguments, { projects }: Weft) => ofProject(await projects.get(key)),
  after: ({ project }: Payload) => ofProject(project as Project | null),
};
const counts = ({ matched, changed, refused }: Payload) => ({
  target: null,
  is: { matched, changed, refused },
});
const gone = (field: string) => (payload: Payload) => ({ target: payload[field] as string | null, is: null });

/** One for each mutation: a mutation that is missing here keeps the server from starting. */
export const audited: Readonly<Record<string, Audited>> = {
  approvalResolve: approval,
  deliveryRedeliver: delivery,
  executionCancel: execution,
  executionResume: execution,
  // What they start is new.
  executionRetry: { after: execution.after },
  executionStart: { after: execution.after },
  executionsCancel: { after: counts },
  executionsRetry: { after: counts },
  projectCreate: { after: project.after },
  projectDelete: { before: project.before, after: gone('deletedKey') },
  projectUpdate: project,
  pythonEnvironmentDelete: { after: gone('deletedPythonEnvironmentId') },
  pythonEnvironmentPrepare: {
    after: ({ pythonEnvironment }) => ({
      target: (pythonEnvironment as { id: string } | null)?.id ?? null,
      is: null,
    }),
  },
  pythonRun: { after: execution.after },
  scheduleBackfill: schedule,
  scheduleCreate: { after: schedule.after },
  scheduleDelete: { before: schedule.before, after: gone('deletedId') },
  schedulePause: schedule,
  scheduleResume: schedule,
  scheduleTrigger: { before: schedule.before, after: execution.after },
  scheduleUpdate: schedule,
  secretDelete: { before: secret.before, after: gone('deletedName') },
  secretSet: secret,
  tokenCreate: { after: token.after },
  tokenMint: { after: token.after },
  tokenRevoke: token,
  webhookCreate: { after: webhook.after },
  webhookDelete: { before: webhook.before, after: gone('deletedId') },
  webhookEndpointCreate: { after: endpoint.after },
  webhookEndpointDelete: { before: endpoint.before, after: gone('deletedId') },
  webhookEndpointRotateSecret: endpoint,
  webhookEndpointTest: { before: endpoint.before, after: delivery.after },
  webhookEndpointUpdate: endpoint,
  webhookReplay: { before: webhook.before, after: execution.after },
  webhookRotateSecret: webhook,
  webhookUpdate: webhook,
  workflowCreate: { after: workflow.after },
  workflowDelete: { before: workflow.before, after: gone('deletedWorkflowId') },
  workflowRename: workflow,
  workflowUpdate: workflow,
  workflowUpsert: {
    before: async ({ key }, { workflows }) => ofWorkflow(await workflows.getByKey(key)),
    after: workflow.after,
  },
};

/** Lets each mutation answer once its line in the audit trail is durable. Throws where a mutation has none. */
export function requireAudit(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const spec = audited[field.name];
    if (spec === undefined)
      throw new Error(
        `Expected graphql/audit/audited.ts to say what is written of ${field.name}; it says nothing.`,
      );
    audit(field, spec);
  }
}

function audit(field: GraphQLField<unknown, GraphqlContext>, { before, after }: Audited): void {
  const inner = field.resolve!;
  field.resolve = async (root, args, context, info) => {
    const line = { ...lineOf(context.caller, field.name), input: summaryOfArguments(args) };
    const was = before === undefined ? null : await before(args as unknown as Arguments, context.weft);
    const known = { ...line, target: was?.target ?? null, before: was?.is ?? null };
    let payload: Payload;
    try {
      payload = (await inner(root, args, context, info)) as Payload;
    } catch (error) {
      const code = codeOf(error);
      await context.weft.audit.record({ ...known, outcome: code === 'FORBIDDEN' ? code : 'FAILED', code });
      throw error;
    }
    const [refused] = payload.userErrors as { code: string }[];
    const is = refused === undefined ? after(payload) : null;
    await context.weft.audit.record({
      ...known,
      occurredAt: new Date(),
      target: is?.target ?? known.target,
      outcome: refused === undefined ? 'DONE' : 'REFUSED',
      code: refused?.code ?? null,
      after: is?.is ?? null,
    });
    return payload;
  };
}

function codeOf(error: unknown): string {
  if (error instanceof GraphQLError) return String(error.extensions.code ?? 'INTERNAL_SERVER_ERROR');
  return error instanceof WeftError ? error.code : 'INTERNAL_SERVER_ERROR';
}

function ofWorkflow(workflow: Workflow | null): Summary | null {
  if (workflow === null) return null;
  const { id, key, name, latestVersion } = workflow;
  const { number, nodes, createdAt: _, ...definition } = latestVersion;
  const sha256 = hashOfValue({ ...definition, nodes });
  return { target: id, is: within({ key, name, version: number, nodes: nodes.length, sha256 }) };
}

function ofExecution(execution: Execution | null): Summary | null {
  if (execution === null) return null;
  const { id, status, workflowId, versionNumber } = execution;
  return { target: id, is: { status, workflowId, version: versionNumber } };
}

function ofSchedule(schedule: Schedule | null): Summary | null {
  if (schedule === null) return null;
  const { id, name, workflowId, versionNumber, cron, intervalMs, timezone, overlap, pausedAt, input } =
    schedule;
  const when = { cron, intervalMs, timezone, overlap, pausedAt, input: hashOfValue(input) };
  return { target: id, is: within({ name, workflowId, version: versionNumber, ...when }) };
}

/** What is secret of it is not in here. */
function ofWebhook(webhook: Webhook | null): Summary | null {
  if (webhook === null) return null;
  const { id, principal: _, createdAt: __, updatedAt, versionNumber: version, ...fields } = webhook;
  return { target: id, is: within({ ...fields, version, updatedAt }) };
}

/** Its URL may have a secret in it. */
function ofEndpoint(endpoint: WebhookEndpoint | null): Summary | null {
  if (endpoint === null) return null;
  const { id, project: _, principal: __, createdAt: ___, url, ...fields } = endpoint;
  return { target: id, is: within({ ...fields, host: URL.parse(url)?.host, url: hashOfValue(url) }) };
}

function ofDelivery(delivery: WebhookDelivery | null): Summary | null {
  if (delivery === null) return null;
  const { id, endpointId, type, status } = delivery;
  return { target: id, is: { endpointId, type, status } };
}

function ofToken(token: Token | null): Summary | null {
  if (token === null) return null;
  const { id, createdBy: _by, createdAt: _at, lastUsedAt: _used, ...is } = token;
  return { target: id, is: within(is) };
}

function ofProject(project: Project | null): Summary | null {
  if (project === null) return null;
  const { key, createdAt: _, ...is } = project;
  return { target: key, is: within(is) };
}

/** Its value is nowhere in the trail, not as a hash either: short ones could be guessed from it. */
function ofSecret(secret: Secret | null): Summary | null {
  if (secret === null) return null;
  const { name, createdAt, updatedAt } = secret;
  return { target: name, is: { createdAt, updatedAt } };
}

function ofApproval(approval: Approval | null): Summary | null {
  if (approval === null) return null;
  const decisions = approval.decisions.map(({ decision, by, principal }) => ({ decision, by, principal }));
  return { target: approval.id, is: within({ status: approval.status, decisions }) };
}
