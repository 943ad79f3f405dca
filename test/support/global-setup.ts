import { startTestPostgres } from './test-postgres.ts';

/** Jest calls this once, before the first test that is not pure; global-teardown.ts ends what it started. */
export default async function globalSetup(): Promise<void> {
  runWide.weftTestPostgres = await startTestPostgres();
}

export const runWide = globalThis as { weftTestPostgres?: AsyncDisposable };
