import { openPlainServer } from '../../../server/shared/http/plain-server.ts';
import { makeLogger } from '../../../server/shared/logger.ts';

test('an unexpected error is answered as such, and logged with its cause', async () => {
  const logged: unknown[] = [];
  const logger = Object.assign(makeLogger('silent'), { error: (entry: unknown) => logged.push(entry) });
  const isReady = () => Promise.reject(new Error('password is hunter2'));
  await using server = await openPlainServer({
    host: '127.0.0.1',
    port: 0,
    isReady,
    mounts: [],
    maxConnections: 10,
    logger,
  });
  const response = await fetch(`${server.origin}/readyz`);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('hunter2');
  expect(logged).toEqual([{ err: new Error('password is hunter2') }]);
});
