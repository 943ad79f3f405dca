/**
 * What must compile, and what must not: `npm run check` compiles this file, and an error that is expected and does
 * not come is an error. Nothing runs it.
 */
import {
  createClient,
  type Document,
  type EventOf,
  type ExecutionEvent,
  type ExecutionStatus,
  type ServerInfoQuery,
  type ServerInfoQueryVariables,
  WeftError,
  WeftExecutionError,
  WeftInputError,
  type WorkflowQuery,
  type WorkflowQueryVariables,
  type WorkflowsQuery,
  type WorkflowsQueryVariables,
} from '../../client-sdk/src/index.ts';

const weft = createClient({ url: 'http://127.0.0.1:4000' });

export async function eventsAreADiscriminatedUnion(id: string): Promise<void> {
  for await (const event of weft.executions.run(id).events()) {
    // @ts-expect-error `text` is of NodeOutput alone
    event.text;
    if (event.type === 'NodeProgress') {
      event.current satisfies number;
      event.total satisfies number | null;
      // @ts-expect-error it is no text
      event.current satisfies string;
    }
    if (event.type === 'NodeFailed' || event.type === 'ExecutionFailed')
      event.error.traceback satisfies string | null;
    // @ts-expect-error there is no such event
    if (event.type === 'NodeProgresss') return;
  }
}

export function everyEventIsKnown(event: ExecutionEvent): number {
  switch (event.type) {
    case 'NodeOutput':
      return event.byteOffset;
    case 'ExecutionQueued':
      return event.sequence;
    default:
      // @ts-expect-error the others are left
      return event satisfies never;
  }
}

export async function aFilterNarrowsTheUnion(id: string): Promise<void> {
  for await (const event of weft.executions.run(id).events({ types: ['NodeOutput', 'NodeSkipped'] })) {
    event.type satisfies 'NodeOutput' | 'NodeSkipped';
    // @ts-expect-error progress was not requested
    if (event.type === 'NodeProgress') return;
  }
  // @ts-expect-error there is no such type
  weft.executions.run(id).events({ types: ['NodeOutputs'] });
}

export async function resultsHaveTheTypeAskedFor(workflowId: string): Promise<void> {
  const run = await weft.executions.start<{ total: number }>({ workflowId, input: { rows: [1] } });
  const output = await run.result();
  output.total satisfies number;
  // @ts-expect-error it has no such field
  output.sum;
  const untyped = await weft.executions.run(workflowId).result();
  // @ts-expect-error without a type the result is unknown
  untyped.total;
}

export async function inputsAreChecked(): Promise<void> {
  // @ts-expect-error a start needs a workflow
  await weft.executions.start({ input: 1 });
  // @ts-expect-error there is no such option
  weft.python.run({ code: '1', timeout: 5 });
  // @ts-expect-error a node needs a type
  await weft.workflows.create({ name: 'x', nodes: [{ key: 'a' }] });
  // @ts-expect-error there is no such status
  weft.executions.list({ filter: { statuses: ['DONE'] } });
  // @ts-expect-error there is no such transport
  createClient({ url: '', transport: 'carrier pigeon' });
  // @ts-expect-error a client needs to know where
  createClient({});
}

export async function variablesAreOptionalWhereTheDocumentHasNone(): Promise<void> {
  const answer = await weft.request('{ nodeDefinitions { type } }');
  // @ts-expect-error without a type the result is unknown
  answer.nodeDefinitions;
  const typed = await weft.request<{ workflow: { name: string } | null }>(
    'query($id: ID!) { workflow(id: $id) { name } }',
    {
      id: 'wf_x',
    },
  );
  typed.workflow?.name satisfies string | undefined;
  const variables: WorkflowQueryVariables = { id: 'wf_x' };
  await weft.request('query($id: ID!) { workflow(id: $id) { name } }', variables, { timeoutMs: 1_000 });

  const one = '' as Document<WorkflowQuery, WorkflowQueryVariables>;
  (await weft.request(one, variables)).workflow?.name satisfies string | undefined;
  // @ts-expect-error the document wants an id
  await weft.request(one);
  // @ts-expect-error the document wants another variable
  await weft.request(one, { name: 'x' });
  const some = '' as Document<WorkflowsQuery, WorkflowsQueryVariables>;
  (await weft.request(some)).workflows.nodes satisfies { id: string }[];
  await weft.request(some, undefined, { timeoutMs: 1_000 });
  const info = '' as Document<ServerInfoQuery, ServerInfoQueryVariables>;
  (await weft.request(info)).serverInfo.version satisfies string;
}

export async function aRunOfPythonIsSteeredLikeAnyOther(): Promise<void> {
  const run = weft.python.run<number>({ code: '1' });
  (await run.cancel('FORCE')).status satisfies ExecutionStatus;
  (await run.get()).nodeExecutions satisfies { nodeKey: string }[];
  (await (await run.retry('ALL_NODES')).result()) satisfies number;
  // @ts-expect-error there is no such mode
  await run.cancel('SOFT');
}

export function runsOfPythonAreNoPromises(): void {
  const run = weft.python.run({ code: '1' });
  run.id() satisfies Promise<string>;
  // @ts-expect-error so that nobody awaits one by accident
  run.then;
  run.text() satisfies PromiseLike<string> & AsyncIterable<string>;
}

export async function listsGiveTheirItems(): Promise<void> {
  for await (const execution of weft.executions.list()) execution.status satisfies ExecutionStatus;
  // @ts-expect-error a list is read, not awaited
  (await weft.workflows.list()).name;
  // @ts-expect-error there may be no such workflow
  (await weft.workflows.get('wf_x')).name;
}

export function errorsTellTheirFields(error: unknown): unknown {
  if (error instanceof WeftExecutionError) return [error.node, error.traceback, error.code satisfies string];
  if (error instanceof WeftInputError) return error.fields satisfies string[];
  // @ts-expect-error only of executions
  if (error instanceof WeftError) return error.traceback;
  return undefined;
}

export type TheOutputOfANode = EventOf<'NodeSucceeded'>['output'];
// @ts-expect-error there is no such event
export type OfNothing = EventOf<'Nothing'>;
