import type { CellInMaking } from '../../../server/sandbox/local/cell.ts';
import type { ForkServer } from '../../../server/sandbox/local/fork-server.ts';
import { WarmEnvironments } from '../../../server/sandbox/local/warm-environments.ts';
import { makeLogger } from '../../../server/shared/logger.ts';

test('an environment is free again even where the folder of its fork-server cannot be removed', async () => {
  const forkServer: ForkServer = {
    closed: new Promise(() => {}),
    makeCell: () => ({ ready: Promise.resolve(), hasExited: false }) as unknown as CellInMaking,
    [Symbol.asyncDispose]: () => Promise.reject(new Error('EACCES: permission denied, rmdir')),
  };
  const warm = new WarmEnvironments({
    start: async () => forkServer,
    max: 8,
    idleMs: 60_000,
    idleCells: 1,
    logger: makeLogger('silent'),
  });
  let isLeased = true;
  const lease = {
    environment: { id: 'env_1', sitePackages: '/nowhere', preload: [] },
    [Symbol.dispose]() {
      isLeased = false;
    },
  };
  const held = warm.hold(lease, ['hostile']);
  await held.pool.ensureAvailable();
  held[Symbol.dispose]();
  await warm.endUnused('env_1');
  expect(isLeased).toBe(false);
  await warm[Symbol.asyncDispose]();
});
