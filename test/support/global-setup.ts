import { execa } from 'execa';
import { projectRoot } from '../../server/shared/paths.ts';
import { startTestPostgres } from './start-test-postgres.ts';

/** Jest calls this once, before the first test that is not pure; global-teardown.ts ends what it started. */
export default async function globalSetup(): Promise<void> {
  await execa(process.execPath, ['scripts/build-server.mjs'], { cwd: projectRoot, stderr: 'inherit' });
  runWide.weftTestPostgres = await startTestPostgres();
}

export const runWide = globalThis as { weftTestPostgres?: AsyncDisposable };
