import { join } from 'node:path';
import type { Environments } from '../../server/packages/environments.ts';
import { projectRoot } from '../../server/shared/paths.ts';
import { installersOfHost, openTestEnvironments } from './test-environments.ts';
import { findTestUv } from './test-uv.ts';

/** Kept between the tests that use it, and between runs of the tests: pandas is some 30 MB to download. */
export const realPackagesFolder = join(projectRoot, 'dist/.test-environments');

/** Real packages, from the index that this host is configured for. */
export async function openRealEnvironments(folder = realPackagesFolder): Promise<Environments> {
  return openTestEnvironments(folder, {
    uvPath: await findTestUv(),
    hostInstallers: installersOfHost(),
    timeoutMs: 170_000,
  });
}

/** Tests of real packages are skipped where there is no way to an index, which the reporter shows. */
export async function isPackageIndexReachable(): Promise<boolean> {
  const { UV_DEFAULT_INDEX, PIP_INDEX_URL } = process.env;
  const index = UV_DEFAULT_INDEX ?? PIP_INDEX_URL ?? 'https://pypi.org/simple';
  const answer = await fetch(`${index.replace(/\/$/, '')}/pip/`, {
    signal: AbortSignal.timeout(5_000),
  }).catch(() => null);
  return answer?.ok ?? false;
}
