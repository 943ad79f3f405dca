import { join } from 'node:path';
import { PackageError } from '../../server/packages/errors.ts';
import type { LocalSandboxOptions } from '../../server/sandbox/local/local-sandbox.ts';
import { projectRoot } from '../../server/shared/paths.ts';
import { makeTempFolder } from './temp-folder.ts';
import { installersOfHost, openTestEnvironments } from './test-environments.ts';
import { openTestSandbox, type TestRun, type TestRunOptions, type TestSandbox } from './test-sandbox.ts';
import { findTestUv } from './test-uv.ts';

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
export async function openPypiSandbox(
  packages: readonly string[],
  options: Partial<LocalSandboxOptions> = {},
): Promise<PypiSandbox> {
  await using opened = new AsyncDisposableStack();
  const cacheFolder = join(projectRoot, 'node_modules/.cache/python-packages');
  const { path } = opened.use(await makeTempFolder());
  const environments = opened.use(
    await openTestEnvironments(path, {
      timeoutMs: 300_000,
      uvPath: await findTestUv(),
      cacheFolder,
      hostInstallers: installersOfHost(),
    }),
  );
  const signal = AbortSignal.timeout(330_000);
  const lease = await environments.ensure(packages, { signal, onEvent() {} }).catch(unlessUnreachable);
  if (lease === null) return unreachable();
  opened.defer(() => lease[Symbol.dispose]());
  const sandbox = opened.use(
    await openTestSandbox({ policy: 'strict', environments, idlePackageCells: 2, ...options }),
  );
  const owned = opened.move();
  return {
    sandbox,
    sitePackages: lease.environment.sitePackages,
    run: (code, options) => sandbox.run(code, { packages, timeoutMs: 30_000, ...options }),
    test: (title, body) => test(title, body),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function unreachable(): PypiSandbox {
  const never = () => {
    throw new Error('Expected a test that is skipped');
  };
  return {
    get sandbox() {
      return never();
    },
    sitePackages: '',
    run: never,
    test: (title, body) => test.skip(`${title} (PyPI cannot be reached)`, body),
    async [Symbol.asyncDispose]() {},
  };
}

function unlessUnreachable(error: unknown): null {
  if (error instanceof PackageError && error.retryable) return null;
  throw error;
}
