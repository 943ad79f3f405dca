import {
  type Document,
  NodeDefinitionsDocument,
  type NodeDefinitionsQuery,
  ServerInfoDocument,
  type ServerInfoQuery,
} from './_generated_operations.ts';
import { type Artifacts, makeArtifacts } from './artifacts.ts';
import { type Executions, makeExecutions } from './executions.ts';
import type { Live } from './live.ts';
import { type ClientOptions, settle } from './options.ts';
import { makePython, type Python } from './python.ts';
import { type RequestArguments, type RequestOptions, request } from './request.ts';
import { makeSecurityViolations, type SecurityViolations } from './security-violations.ts';
import { openSse } from './transport/sse.ts';
import { makeLadder } from './transport/transport-fallback.ts';
import { openWs } from './transport/ws.ts';
import { makeWorkflows, type Workflows } from './workflows.ts';

export type NodeDefinition = NodeDefinitionsQuery['nodeDefinitions'][number];
export type ServerInfo = ServerInfoQuery['serverInfo'];

/** A Weft server, as a program sees it. */
export interface WeftClient {
  readonly executions: Executions;
  readonly workflows: Workflows;
  readonly python: Python;
  readonly artifacts: Artifacts;
  readonly securityViolations: SecurityViolations;
  /** Every type of node, with all that a palette and a form need to draw it. */
  nodeDefinitions(options?: RequestOptions): Promise<NodeDefinition[]>;
  /** What the server is, and whether its sandbox can run Python. */
  serverInfo(options?: RequestOptions): Promise<ServerInfo>;
  /** Any query or mutation of the schema. Its types are those of its document; for a string, say the result's. */
  request<Result = unknown, Variables = object>(
    document: Document<Result, Variables>,
    ...args: RequestArguments<Variables>
  ): Promise<Result>;
}

/**
 * Makes a client. It connects to nothing before it is used, and holds nothing open between uses: a socket closes with
 * the last stream that needs it.
 * @throws TypeError for a `url` that is no address of a server
 */
export function createClient(options: ClientOptions): WeftClient {
  return makeClient(openLive(options));
}

export function openLive(options: ClientOptions): Live {
  const settings = settle(options);
  return {
    settings,
    ladder: makeLadder(settings.transports),
    transports: { ws: settings.WebSocket ? openWs(settings) : openSse(settings), sse: openSse(settings) },
  };
}

export function makeClient(live: Live): WeftClient {
  const { settings } = live;
  return {
    executions: makeExecutions(live),
    workflows: makeWorkflows(settings),
    python: makePython(live),
    artifacts: makeArtifacts(settings),
    securityViolations: makeSecurityViolations(live),
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
