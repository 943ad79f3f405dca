import { join } from 'node:path';
import { execa } from 'execa';
import { projectRoot } from '../../server/shared/paths.ts';
import { makeTempFolder } from './temp-folder.ts';

/** `npm run doctor` with these settings. */
export async function runDoctor(env: Record<string, string>) {
  await using folder = await makeTempFolder();
  const doctor = join(projectRoot, 'dist/server/cli/doctor.js');
  return await execa(process.execPath, [doctor], {
    env: { WEFT_DATA_DIR: folder.path, ...env },
    reject: false,
  });
}
