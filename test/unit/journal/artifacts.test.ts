import pg from 'pg';
import { saveArtifact } from '../../../server/journal/artifacts.ts';

test('a file that cannot be kept for want of a database is waited for no longer than its run lasts', async () => {
  const pool = new pg.Pool({ host: '127.0.0.1', port: 1 });
  const run = new AbortController();
  const saved = saveArtifact(
    pool,
    'exec_1',
    { name: 'a.txt', mimeType: 'text/plain', base64: '' },
    run.signal,
  );
  run.abort();
  await expect(saved).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await pool.end();
});
