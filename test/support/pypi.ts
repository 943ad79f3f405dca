import { join } from 'node:path';
import { test } from '@jest/globals';
import { PackageError } from '../../server/packages/errors.ts';
import { projectRoot } from '../../server/shared/paths.ts';
import { makeTempFolder } from './temp-folder.ts';
import { openTestEnvironments } from './test-environments.ts';
import { openTestSandbox, type TestRun, type TestRunOptions, type TestSandbox } from './test-sandbox.ts';

export interface PypiSandbox extends AsyncDisposable {
  sandbox: TestSandbox;
  /** On this host, where the packages are. */
  sitePackages: string;
  /** Runs code with the packages. */
  run(code: string, options?: TestRunOptions): Promise<TestRun>;
  /** Skips, and says so, where PyPI cannot be reached. */
  test: (title: string, body: () => Promise<void>) => void;
}

/**
 * All walls, with packages from PyPI itself, as this host's own pip is set up to reach it. What was downloaded is kept for
 * the next time.
 */
export async function openPypiSandbox(packages: readonly string[]): Promise<PypiSandbox> {
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await makeTempFolder()).path;
  const environments = await openTestEnvironments(folder, {
    timeoutMs: 300_000,
    cacheFolder: join(projectRoot, 'node_modules/.cache/python-packages'),
    operator: { variables: pipVariables(), home: process.env.HOME },
  });
  const lease = await environments
    .ensure(packages, { signal: new AbortController().signal, onEvent() {} })
    .catch(unlessUnreachable);
  opened.defer(() => lease?.[Symbol.dispose]());
  const sandbox = await openTestSandbox({ policy: 'strict', environments, idlePackageCells: 2 });
  opened.defer(() => sandbox[Symbol.asyncDispose]());
  const owned = opened.move();
  return {
    sandbox,
    sitePackages: lease?.environment.sitePackages ?? '',
    run: (code, options) => sandbox.run(code, { packages, timeoutMs: 30_000, ...options }),
    test: (title, body) => (lease ? test(title, body) : test.skip(`${title} (PyPI cannot be reached)`, body)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function unlessUnreachable(error: unknown): null {
  if (error instanceof PackageError && error.retryable) return null;
  throw error;
}

function pipVariables(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      /^(PIP_|UV_|SSL_CERT_|https?_proxy$|no_proxy$)/i.test(name) && value !== undefined
        ? [[name, value]]
        : [],
    ),
  );
}
