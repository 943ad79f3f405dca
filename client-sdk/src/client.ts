import {
  type Document,
  NodeDefinitionsDocument,
  type NodeDefinitionsQuery,
  ServerInfoDocument,
  type ServerInfoQuery,
  ViewerDocument,
  type ViewerQuery,
} from './_generated_operations.ts';
import { type Approvals, makeApprovals } from './approvals.ts';
import { type Artifacts, makeArtifacts } from './artifacts.ts';
import { type AuditLog, makeAuditLog } from './audit-log.ts';
import { type Changes, makeChanges } from './changes.ts';
import { type ClientContext, openContext } from './context.ts';
import {
  type Deliveries,
  makeDeliveries,
  makeWebhookEndpoints,
  type WebhookEndpoints,
} from './deliveries.ts';
import { type Executions, makeExecutions } from './executions.ts';
import { type Files, makeFiles } from './files.ts';
import type { ClientOptions } from './options.ts';
import { makeProjects, type Projects } from './projects.ts';
import { makePython, type Python } from './python.ts';
import { type RequestArguments, type RequestOptions, request } from './request.ts';
import { makeSchedules, type Schedules } from './schedules.ts';
import { makeSecrets, type Secrets } from './secrets.ts';
import { makeSecurityViolations, type SecurityViolations } from './security-violations.ts';
import { makeTokens, type Tokens } from './tokens.ts';
import { makeWebhooks, type Webhooks } from './webhooks.ts';
import { makeWorkflows, type Workflows } from './workflows.ts';

export type NodeDefinition = NodeDefinitionsQuery['nodeDefinitions'][number];
export type ServerInfo = ServerInfoQuery['serverInfo'];
export type Viewer = ViewerQuery['viewer'];

/** A client of one Weft server. */
export interface WeftClient {
  readonly executions: Executions;
  readonly workflows: Workflows;
  readonly python: Python;
  readonly approvals: Approvals;
  readonly artifacts: Artifacts;
  /** What happens to all executions, durable and without a gap. */
  readonly changes: Changes;
  readonly files: Files;
  readonly schedules: Schedules;
  readonly securityViolations: SecurityViolations;
  readonly tokens: Tokens;
  readonly projects: Projects;
  readonly secrets: Secrets;
  readonly auditLog: AuditLog;
  readonly webhooks: Webhooks;
  /** Where changes are sent to, as signed requests. */
  readonly webhookEndpoints: WebhookEndpoints;
  /** What is and was sent there. */
  readonly deliveries: Deliveries;
  /** Who the client is to the server, and what its token may do. */
  viewer(options?: RequestOptions): Promise<Viewer>;
  /** Every node type, with all that a palette and a form need to render it. */
  nodeDefinitions(options?: RequestOptions): Promise<NodeDefinition[]>;
  /** The server's version, roles and limits, and whether its sandbox can run Python. */
  serverInfo(options?: RequestOptions): Promise<ServerInfo>;
  /** Runs any query or mutation of the schema. The document has the types; for a string, name the result's type. */
  request<Result = unknown, Variables = object>(
    document: Document<Result, Variables>,
    ...args: RequestArguments<Variables>
  ): Promise<Result>;
}

/**
 * Makes a client. A client connects to nothing before it is used, and holds nothing open between uses: its socket
 * closes with the last stream.
 * @throws TypeError for a `url` that is not an HTTP address
 */
export function createClient(options: ClientOptions): WeftClient {
  return makeClient(openContext(options));
}

export function makeClient(context: ClientContext): WeftClient {
  const { settings } = context;
  return {
    executions: makeExecutions(context),
    workflows: makeWorkflows(settings),
    python: makePython(context),
    approvals: makeApprovals(context),
    artifacts: makeArtifacts(settings),
    changes: makeChanges(context),
    files: makeFiles(settings),
    schedules: makeSchedules(context),
    securityViolations: makeSecurityViolations(context),
    tokens: makeTokens(context),
    projects: makeProjects(context),
    secrets: makeSecrets(settings),
    auditLog: makeAuditLog(context),
    webhooks: makeWebhooks(context),
    webhookEndpoints: makeWebhookEndpoints(settings),
    deliveries: makeDeliveries(settings),
    async viewer(requestOptions) {
      return (await request(settings, ViewerDocument, {}, requestOptions)).viewer;
    },
    async nodeDefinitions(requestOptions) {
      return (await request(settings, NodeDefinitionsDocument, {}, requestOptions)).nodeDefinitions;
    },
    async serverInfo(requestOptions) {
      return (await request(settings, ServerInfoDocument, {}, requestOptions)).serverInfo;
    },
    request: <Result, Variables>(
      document: Document<Result, Variables>,
      ...[variables, requestOptions]: RequestArguments<Variables>
    ) => request(settings, document, variables as Variables, requestOptions),
  };
}
