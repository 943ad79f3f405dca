import { createDatabase } from '../support/test-postgres.ts';
import { untilNotified } from '../support/until-notified.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
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

/**
 * Forges its result, and makes a forbidden call when that is committed; on a machine that is slow at that moment before
 * it is, or never, because the sandbox ends what lingers. So the tests have it run until its call is late.
 */
const FORGER = `
import os, socket, time
body = b'{"kind":"result","json":"1"}'
os.write(3, len(body).to_bytes(4, 'big') + body)
time.sleep(0.1)
socket.socket(socket.AF_INET)`;

const forger = { key: 'forger', type: 'python', config: { code: FORGER } };

test('a violation after a forged result fails the execution that has not ended', async () => {
  const slow = { key: 'slow', type: 'python', config: { code: 'import time\ntime.sleep(10)' } };
  const workflowId = await weft.createWorkflow({
    nodes: [forger, slow],
    edges: [{ source: 'forger', sourceHandle: 'output', target: 'slow' }],
  });
  let executionId: string;
  let events: WatchedEvent[];
  let ofForger: string[];
  do {
    executionId = await weft.start(workflowId);
    events = await weft.allEvents(executionId);
    ofForger = events.filter(({ nodeKey }) => nodeKey === 'forger').map(({ __typename }) => __typename);
  } while (ofForger[1] !== 'NodeSucceeded' || !ofForger.includes('SecurityViolation'));
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
  const firstLate = async () => {
    for await (const { data } of live) {
      const added = data!.securityViolationAdded;
      const last = (await weft.allEvents(added.execution.id)).at(-1)!;
      if (last.__typename === 'ExecutionSucceeded') return added;
    }
    throw new Error('The subscription ended without a violation that was late');
  };
  const { execution, ...rest } = await untilNotified(firstLate(), async () => {
    const executionId = await weft.start(await weft.createWorkflow({ nodes: [forger] }));
    ids.push(executionId);
    await weft.allEvents(executionId);
  });
  expect(ids).toContain(execution.id);
  expect(rest).toMatchObject({ violation: { layer: 'KERNEL' } });
  expect(await violationsOf({ executionId: execution.id })).toMatchObject([
    { severity: 'HIGH', nodeKey: 'forger', principal: 'anonymous' },
  ]);
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
