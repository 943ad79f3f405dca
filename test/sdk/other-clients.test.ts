import { print } from 'graphql';
import { createDatabase } from '../support/test-postgres.ts';
import { untilNotified } from '../support/until-notified.ts';
import { startWeft } from '../support/weft-server.ts';
import { type Data, type OtherClient, otherClients } from './other-clients/clients.ts';
import { installGql, runGqlClient } from './other-clients/gql.ts';
import { documented } from './other-clients/operations.ts';

const token = 'a-token-of-the-tests';
const stack = new AsyncDisposableStack();
let url: string;

beforeAll(async () => {
  const { url: databaseUrl } = stack.use(await createDatabase());
  ({ url } = stack.use(await startWeft({ databaseUrl, env: { WEFT_API_TOKEN: token } })));
});
afterAll(() => stack.disposeAsync());

const code =
  'for n in range(3):\n    print("line", n)\n    progress(n + 1, 3)\nresult = input_data["value"] * 2';
const workflow = {
  name: 'of another client',
  nodes: [
    { key: 'in', type: 'input' },
    { key: 'double', type: 'python', config: { code } },
  ],
  edges: [{ source: 'in', target: 'double' }],
  inputSchema: { type: 'object', required: ['value'] },
};

describe.each(Object.keys(otherClients))('the documented operations by %s', (name) => {
  let client: OtherClient;
  beforeAll(async () => {
    client = stack.use(await otherClients[name]!(url, token));
  });

  test('save, start, follow and read a run, as a bare client sees it', async () => {
    const { workflowCreate } = await client.mutate(documented('WorkflowCreate'), { input: workflow });
    const workflowId = workflowCreate.workflow.id;
    const input = { workflowId, input: { value: 21 } };
    const { executionStart } = await client.mutate(documented('ExecutionStart'), { input });
    const id = executionStart.execution.id;

    const streamed: Data[] = [];
    // The server completes it: graphql-ws 6 counts a stream that is left just as it completes twice, and later closes the
    // socket under those that share it.
    await client.subscribe(documented('ExecutionEvents'), { executionId: id }, ({ executionEvents }) => {
      streamed.push(...executionEvents.events);
      return false;
    });
    expect(isTerminal(streamed.at(-1))).toBe(true);
    expect(streamed.at(-1)).toMatchObject({ output: 42 });
    expect(plain(streamed)).toEqual(await history(id));

    for (const [operation, variables] of [
      ['Execution', { id }],
      ['ExecutionHistory', { id, first: 100 }],
      ['Executions', { first: 2, filter: { workflowId } }],
      ['Workflow', { id: workflowId }],
      ['Workflows', { filter: { search: 'another' } }],
      ['NodeDefinitions', {}],
      ['ServerInfo', {}],
      ['PythonCheck', { code: 'import os' }],
      ['WorkflowValidate', { input: { name: 'none', nodes: [] } }],
    ] as const) {
      const answer = plain(await client.query(documented(operation), variables));
      expect({ operation, answer }).toEqual({ operation, answer: await bare(operation, variables) });
    }
    const { executionExport } = await client.query(documented('ExecutionExport'), { id });
    expect(executionExport.events).toHaveLength(streamed.length);
  });

  test('receive errors: in the payload, by a code, and by a subscription that fails', async () => {
    const { workflowCreate } = await client.mutate(documented('WorkflowCreate'), {
      input: { ...workflow, nodes: [{ key: 'a', type: 'pythn' }], edges: [] },
    });
    expect(workflowCreate.userErrors).toMatchObject([{ code: 'UNKNOWN_TYPE', field: 'nodes.0.type' }]);
    await expect(client.query(documented('Executions'), { first: 1000 })).rejects.toThrow(/1 to 100/);
    const missing = { executionId: 'exec_nothing' };
    await expect(client.subscribe(documented('ExecutionEvents'), missing, () => false)).rejects.toBeDefined();
  });

  test('receive executions as they change', async () => {
    const created = await client.mutate(documented('WorkflowCreate'), { input: workflow });
    const workflowId = created.workflowCreate.workflow.id;
    const update = Promise.withResolvers<Data>();
    const subscribed = client.subscribe(
      documented('ExecutionUpdates'),
      { workflowId },
      ({ executionUpdates }) => {
        if (executionUpdates.status !== 'SUCCEEDED') return false;
        update.resolve(executionUpdates);
        return true;
      },
    );
    const received = await untilNotified(update.promise, async () => {
      const input = { workflowId, input: { value: 1 } };
      const { executionStart } = await client.mutate(documented('ExecutionStart'), { input });
      const { id: executionId } = executionStart.execution;
      await client.subscribe(documented('ExecutionEvents'), { executionId }, () => false);
    });
    expect(received).toMatchObject({ output: 2 });
    await subscribed;
  });
});

const gql = await installGql();
const withGql = gql === undefined ? test.skip : test; // counted as skipped where PyPI is not reached

withGql('gql for Python runs the documented operations over one WebSocket', async () => {
  await using installed = gql!;
  const { events, history, output, refusal } = await runGqlClient(installed, url, token);
  expect(output).toBe(42);
  expect(events).toEqual(history);
  expect(isTerminal(events.at(-1))).toBe(true);
  expect(refusal).toBe('BAD_USER_INPUT');
});

const isTerminal = (event: Data) => /^Execution(Succeeded|Failed|Canceled)$/.test(typeOf(event) ?? '');
const typeOf = (event: Data): string | undefined => event?.type ?? event?.__typename;

async function history(id: string): Promise<Data[]> {
  return (await bare('ExecutionHistory', { id, first: 100 })).execution.events.nodes;
}

/** The answer that everybody is to get. */
async function bare(operation: string, variables: object): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: print(documented(operation)), variables }),
  });
  const { data } = (await response.json()) as Data;
  return plain(data);
}

/** Apollo Client and urql request `__typename` everywhere, for their caches. */
function plain(value: Data): Data {
  return JSON.parse(JSON.stringify(value, (key, inner) => (key === '__typename' ? undefined : inner)));
}
