import type { PythonEnvironment } from './environment.ts';
import type { Store, StoredEnvironment } from './store/store.ts';

/** First those being built, then those ready (the last used first), then the failed requests. */
export async function listEnvironments(store: Store): Promise<PythonEnvironment[]> {
  const [ready, builds, failures] = await Promise.all([store.all(), store.builds(), store.failures()]);
  const described = await Promise.all(ready.map((environment) => describe(environment, store)));
  const building = new Set(builds.map(({ key }) => key));
  return [
    ...builds.map(({ key, requirements, since }) =>
      unready(key, { requirements, state: 'BUILDING', message: null, createdAt: since }),
    ),
    ...described.sort((a, b) => Number(b.lastUsedAt) - Number(a.lastUsedAt)),
    ...failures
      .filter(({ key }) => !building.has(key))
      .map(({ key, failure: { requirements, message, at } }) =>
        unready(key, { requirements, state: 'FAILED', message, createdAt: new Date(at) }),
      ),
  ];
}

export async function describe(environment: StoredEnvironment, store: Store): Promise<PythonEnvironment> {
  const { id, requirements, packages, createdAt } = environment.manifest;
  return {
    id,
    requirements,
    packages: packages.map(({ name, version }) => ({ name, version })),
    sizeBytes: (environment.compiled ?? environment.manifest).sizeBytes,
    state: 'READY',
    message: null,
    createdAt: new Date(createdAt),
    lastUsedAt: await store.lastUsed(environment),
  };
}

/** False where no failed request has this id. */
export async function forgetFailure(id: string, store: Store): Promise<boolean> {
  const failed = (await store.failures()).find(({ key }) => unreadyId(key) === id);
  if (failed === undefined) return false;
  await store.forgetOutcome(failed.key);
  return true;
}

type Unready = Pick<PythonEnvironment, 'requirements' | 'state' | 'message' | 'createdAt'>;

function unready(key: string, request: Unready): PythonEnvironment {
  return { id: unreadyId(key), packages: [], sizeBytes: 0, lastUsedAt: null, ...request };
}

/** An environment has its own id only once its packages are resolved; until then the id is that of the request. */
function unreadyId(key: string): string {
  return `env_${key}`;
}
