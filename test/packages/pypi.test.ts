import { execa } from 'execa';
import { isPackageIndexReachable, openRealEnvironments } from '../support/real-packages.ts';

const testWithIndex = (await isPackageIndexReachable()) ? test : test.skip;

testWithIndex(
  'pandas and numpy are installed from the real index, and import under a bare interpreter',
  async () => {
    await using environments = await openRealEnvironments();
    using lease = await environments.ensure(['pandas', 'numpy>=2'], {
      signal: new AbortController().signal,
      onEvent() {},
    });
    const { sitePackages, preload } = lease.environment;
    expect(preload).toEqual(['numpy', 'pandas']);
    const code = `import sys; sys.path.append(${JSON.stringify(sitePackages)}); import pandas as pd, numpy as np; print(pd.DataFrame({"x": np.arange(4)}).x.sum())`;
    const { stdout } = await execa('python3', ['-I', '-S', '-B', '-c', code], {
      env: { OPENBLAS_NUM_THREADS: '1' },
    });
    expect(stdout).toBe('6');
  },
);

testWithIndex('a version that the real index does not have is an error with its name', async () => {
  await using environments = await openRealEnvironments();
  const waiter = { signal: new AbortController().signal, onEvent() {} };
  await expect(environments.ensure(['numpy==0.0.0.1'], waiter)).rejects.toMatchObject({
    code: 'PYTHON_PACKAGE_ERROR',
    retryable: false,
    message: expect.stringContaining('numpy==0.0.0.1'),
  });
});
