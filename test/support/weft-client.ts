import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

/** A GraphQL client as a user would write one: fetch for operations, graphql-ws for subscriptions. */
export class WeftClient implements AsyncDisposable {
  private readonly socket: ReturnType<typeof createClient>;

  constructor(
    readonly url: string,
    private readonly token?: string,
    /** How long its WebSocket stays open without a subscription, milliseconds. */
    idleMs = 0,
  ) {
    this.socket = createClient({
      url: url.replace(/^http/, 'ws'),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      lazyCloseTimeout: idleMs,
      connectionParams: this.headers(),
    });
  }

  /** The data of an operation; throws where there are top-level errors. */
  async query<T>(query: string, variables: object = {}): Promise<T> {
    const answer = await this.post(JSON.stringify({ query, variables }));
    const { data, errors } = JSON.parse(answer) as { data: T; errors?: { message: string }[] };
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }

  subscribe<T>(
    query: string,
    variables: object = {},
  ): AsyncIterableIterator<{ data?: T | null; errors?: unknown }> {
    return this.socket.iterate<T>({ query, variables: { ...variables } });
  }

  async createWorkflow(input: object): Promise<string> {
    const { workflowCreate } = await this.query<{ workflowCreate: Payload<'workflow'> }>(
      'mutation ($input: WorkflowInput!) { workflowCreate(input: $input) { workflow { id } userErrors { code field message } } }',
      { input: { name: 'test', edges: [], ...input } },
    );
    return idOf('workflow', workflowCreate);
  }

  async start(workflowId: string, input: unknown = null, more: object = {}): Promise<string> {
    const { executionStart } = await this.query<{ executionStart: Payload<'execution'> }>(
      'mutation ($input: ExecutionStartInput!) { executionStart(input: $input) { execution { id } userErrors { code field message } } }',
      { input: { workflowId, input, ...more } },
    );
    return idOf('execution', executionStart);
  }

  /** Saves and starts a workflow of these nodes and edges. */
  async run(nodes: object[], edges: object[] = [], input: unknown = null): Promise<string> {
    return this.start(await this.createWorkflow({ nodes, edges }), input);
  }

  async runPython(code: string, input: object = {}): Promise<string> {
    const { pythonRun } = await this.query<{ pythonRun: Payload<'execution'> }>(
      'mutation ($input: PythonRunInput!) { pythonRun(input: $input) { execution { id } userErrors { code field message } } }',
      { input: { code, ...input } },
    );
    return idOf('execution', pythonRun);
  }

  async cancel(id: string, mode = 'GRACEFUL'): Promise<{ code: string }[]> {
    const { executionCancel } = await this.query<{ executionCancel: { userErrors: { code: string }[] } }>(
      'mutation ($id: ID!, $mode: ExecutionCancelMode!) { executionCancel(id: $id, mode: $mode) { userErrors { code } } }',
      { id, mode },
    );
    return executionCancel.userErrors;
  }

  /** Retries from the failure. */
  async retry(id: string): Promise<string> {
    const { executionRetry } = await this.query<{ executionRetry: Payload<'execution'> }>(
      'mutation ($id: ID!) { executionRetry(id: $id, strategy: FROM_FAILURE) { execution { id } userErrors { code field message } } }',
      { id },
    );
    return idOf('execution', executionRetry);
  }

  /** Events live, one by one, to the terminal one. Throws what the server says is wrong. */
  async *events(executionId: string, after: string | null = null): AsyncGenerator<WatchedEvent> {
    const batches = this.subscribe<{ executionEvents: { events: WatchedEvent[] } }>(EVENTS, {
      executionId,
      after,
    });
    try {
      for await (const { data, errors } of batches) {
        if (errors) throw errors;
        yield* data!.executionEvents.events;
      }
    } catch (error) {
      // graphql-ws rejects with the list of GraphQL errors, or with the `close` event of its socket, as it came.
      if (Array.isArray(error)) throw new Error(JSON.stringify(error));
      if (error instanceof Error) throw error;
      const { code, reason } = error as { code?: number; reason?: string };
      throw new Error(`Expected events from ${this.url}, but the connection closed: ${code} ${reason}`);
    }
  }

  async allEvents(executionId: string): Promise<WatchedEvent[]> {
    return Array.fromAsync(this.events(executionId));
  }

  /** The first event that `matches`, live or past. */
  async event(executionId: string, matches: (event: WatchedEvent) => boolean): Promise<WatchedEvent> {
    for await (const event of this.events(executionId)) if (matches(event)) return event;
    throw new Error(`Execution ${executionId} ended without the event that was waited for`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.socket.dispose();
  }

  protected async post(body: string): Promise<string> {
    const headers = { 'content-type': 'application/json', ...this.headers() };
    return (await fetch(this.url, { method: 'POST', headers, body })).text();
  }

  private headers(): Record<string, string> {
    return this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
  }
}

type Payload<K extends string> = { [key in K]: { id: string } | null } & { userErrors: unknown[] };

function idOf<K extends string>(key: K, payload: Payload<K>): string {
  const created = payload[key];
  if (created === null) throw new Error(JSON.stringify(payload.userErrors));
  return created.id;
}

export interface WatchedEvent {
  __typename: string;
  sequence: number;
  cursor: string;
  occurredAt: string;
  nodeKey: string | null;
  attempt: number | null;
  item: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: what a test expects to be there, it looks at
  [field: string]: any;
}

const ERROR = 'error { code type message traceback line column exitCode stderr nodeKey item retryable }';

const EVENTS = `subscription ($executionId: ID!, $after: String) {
  executionEvents(executionId: $executionId, after: $after) {
    endCursor
    caughtUp
    events {
      __typename sequence cursor occurredAt nodeKey attempt item
      ... on ExecutionSucceeded { output }
      ... on ExecutionFailed { ${ERROR} }
      ... on NodeStarted { shape }
      ... on NodeSucceeded { output handle durationMs }
      ... on NodeFailed { ${ERROR} durationMs }
      ... on NodeSkipped { because { source sourceHandle targetHandle reason emitted } isLeftOut }
      ... on NodeReused { output handle pinned { executionId } }
      ... on NodeRetryScheduled { delayMs ${ERROR} }
      ... on ExecutionCanceled { replacedBy }
      ... on ExecutionWaiting { reason until }
      ... on NodeWaiting { reason until }
      ... on NodeResumed { signal { number payload } }
      ... on NodeOutput { stream text byteOffset truncated code message }
      ... on NodeEnvironment { status packages message }
      ... on NetworkRequest { host method httpStatus sentBytes receivedBytes failureCode }
      ... on NodeNotice { code message }
      ... on SecurityViolation { severity count violation { rule layer message } }
      ... on NodeProgress { current total unit message source }
    }
  }
}`;
