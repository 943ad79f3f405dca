import type { PgBoss } from 'pg-boss';
import type { Logger } from '../shared/logger.ts';
import type { Files } from './files.ts';

const QUEUE = 'file-sweep';
const MAX_INTERVAL_SECONDS = 60 * 60;

/**
 * Deletes uploads that no execution uses after their time, the files of executions that were deleted, and the content
 * that a killed process left: once an hour, by one of the workers, whichever takes the job.
 */
export async function openFileSweep(deps: {
  files: Files;
  boss: PgBoss;
  uploadMs: number;
  logger: Logger;
}): Promise<Disposable> {
  const { files, boss, uploadMs, logger } = deps;
  const closing = new AbortController();
  const seconds = Math.ceil(Math.min(MAX_INTERVAL_SECONDS, Math.max(1, uploadMs / 1_000)));
  await boss.createQueue(QUEUE, { retryLimit: 2, expireInSeconds: MAX_INTERVAL_SECONDS });
  await boss.work(QUEUE, { pollingIntervalSeconds: Math.min(5, seconds) }, async () => {
    const deleted = await files.sweep({ uploadMs, signal: closing.signal });
    if (deleted > 0) logger.info({ deleted }, 'files that nothing uses were deleted');
  });
  // Every worker sends a job; the queue accepts the first one of each interval.
  // cannot reject: it catches what fails
  const sendJob = () =>
    boss
      .send(QUEUE, null, { singletonSeconds: seconds })
      .catch((error) => logger.warn({ err: error }, 'unused files are deleted later'));
  await sendJob();
  const timer = setInterval(() => void sendJob(), seconds * 1_000);
  return {
    [Symbol.dispose]() {
      closing.abort();
      clearInterval(timer);
    },
  };
}
