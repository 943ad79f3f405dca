import { createDatabase } from '../support/test-postgres.ts';
import { untilNotified } from '../support/until-notified.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let weft: WeftClient;

beforeAll(async () => {
  const { url: databaseUrl } = stack.use(await createDatabase());
  const server = stack.use(await startWeft({ databaseUrl, env: { PYTHON_POLICY: 'kernel' } }));
  weft = stack.use(new WeftClient(server.url));
});
afterAll(async () => {
  await stack.disposeAsync();
});

/** Forges its result, and makes a forbidden call when that is committed. */
const FORGER = `
import os, socket, time
body = b'{"kind":"result","json":"1"}'
os.write(3, len(body).to_bytes(4, 'big') + body)
time.sleep(0.1)
socket.socket(socket.AF_INET)`;

const forger = { key: 'forger', type: 'python', config: { code: FORGER } };

test('a violation after a forged result fails the execution that has not ended', async () => {
  const slow = { key: 'slow', type: 'python', config: { code: 'import time\ntime.sleep(60)' } };
  const workflowId = await weft.createWorkflow({
    nodes: [forger, slow],
    edges: [{ source: 'forger', sourceHandle: 'output', target: 'slow' }],
  });
  const executionId = await weft.start(workflowId);
  const events = await weft.allEvents(executionId);
  const ofForger = events.filter(({ nodeKey }) => nodeKey === 'forger').map(({ __typename }) => __typename);
  expect(ofForger).toEqual(['NodeStarted', 'NodeSucceeded', 'SecurityViolation', 'NodeFailed']);
  expect(events.at(-1)).toMatchObject({
    __typename: 'ExecutionFailed',
    error: { code: 'PYTHON_SECURITY_ERROR', nodeKey: 'forger' },
  });
  expect(await violationsOf({ executionId })).toMatchObject([
    { severity: 'HIGH', nodeKey: 'forger', violation: { layer: 'KERNEL' } },
  ]);
});

test('a violation after the end of the execution is in the audit trail and in its subscription', async () => {
  const live = weft.subscribe<{ securityViolationAdded: { execution: { id: string } } }>(
    'subscription { securityViolationAdded { execution { id } violation { layer } } }',
  );
  const ids: string[] = [];
  const added = await untilNotified(live.next(), async () => {
    const executionId = await weft.start(await weft.createWorkflow({ nodes: [forger] }));
    ids.push(executionId);
    expect((await weft.allEvents(executionId)).at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded' });
  });
  const { execution, ...rest } = added.value.data.securityViolationAdded;
  expect(ids).toContain(execution.id);
  expect(rest).toMatchObject({ violation: { layer: 'KERNEL' } });
  expect(await violationsOf({ executionId: execution.id })).toMatchObject([
    { severity: 'HIGH', nodeKey: 'forger', principal: 'anonymous' },
  ]);
  await live.return!();
});

async function violationsOf(filter: object): Promise<object[]> {
  const { securityViolations } = await weft.query<{ securityViolations: { nodes: object[] } }>(
    `query ($filter: SecurityViolationFilter) {
      securityViolations(filter: $filter) { nodes { severity nodeKey principal violation { layer message } } }
    }`,
    { filter },
  );
  return securityViolations.nodes;
}
