import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { projectRoot } from '../../server/shared/paths.ts';
import { onPath } from './test-environments.ts';

/**
 * uv, from the PATH or fetched once from the package index into dist/; undefined where it cannot be had. Tests then
 * run with pip, which takes longer.
 */
export async function findTestUv(): Promise<string | undefined> {
  const tools = join(projectRoot, 'dist/.test-tools');
  const fetched = join(tools, 'uv/bin/uv');
  const found = onPath('uv');
  if (found !== undefined) return found;
  if (existsSync(fetched)) return fetched;
  await mkdir(tools, { recursive: true });
  const aside = await mkdtemp(join(tools, 'fetching-'));
  const options = ['--quiet', '--only-binary', ':all:', '--no-deps', '--retries', '0', '--timeout', '10'];
  await execa('python3', ['-m', 'pip', 'install', ...options, '--target', join(aside, 'uv'), 'uv'], {
    reject: false,
    timeout: 60_000,
  });
  await rename(join(aside, 'uv'), join(tools, 'uv')).catch(() => {});
  await rm(aside, { recursive: true, force: true });
  return existsSync(fetched) ? fetched : undefined;
}
