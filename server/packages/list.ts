import type { PythonEnvironment } from './environment.ts';
import type { Store, StoredEnvironment } from './store/store.ts';

/** Being built first, then ready with the last used first, then failed. */
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

/** False where no failure has this id. */
export async function forgetFailure(id: string, store: Store): Promise<boolean> {
  const failed = (await store.failures()).find(({ key }) => unreadyId(key) === id);
  if (failed === undefined) return false;
  await store.forget(failed.key);
  return true;
}

type Unready = Pick<PythonEnvironment, 'requirements' | 'state' | 'message' | 'createdAt'>;

function unready(key: string, known: Unready): PythonEnvironment {
  return { id: unreadyId(key), packages: [], sizeBytes: 0, lastUsedAt: null, ...known };
}

/** What it will come to, and so its own id, is not known yet. */
function unreadyId(key: string): string {
  return `env_${key}`;
}
