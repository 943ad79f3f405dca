import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  cacheOf,
  type Installer,
  type InstallerContext,
  type InstallWork,
  lockFile,
  requirementsFile,
  runInstaller,
  venvFolder,
} from './installer.ts';
import { installerFailure } from './installer-output.ts';

/** `pip` is the command that starts pip, such as ['/usr/bin/python3', '-I', '-m', 'pip']. */
export function makePipInstaller(context: InstallerContext, pip: string[]): Installer {
  const { interpreter, settings } = context;
  const builds = settings.sourceBuilds ? [] : ['--only-binary', ':all:'];

  return {
    name: 'pip',
    async resolve(work) {
      // The environment comes first: pip resolves for the Python that `--python` names, and that is the environment's.
      const makeVenv = [interpreter.executable, '-I', '-m', 'venv', '--without-pip', venvFolder(work)];
      await run(work, 'install', makeVenv);
      const report = join(work.folder, 'report.json');
      const options = ['--dry-run', '--ignore-installed', '--report', report, ...builds];
      await runPip(work, 'resolve', ['install', ...options, '--requirement', requirementsFile(work)]);
      await writeFile(lockFile(work), lockOf(await readFile(report, 'utf8')));
    },
    async install(work) {
      const from = ['--no-deps', '--require-hashes', '--requirement', lockFile(work)];
      await runPip(work, 'install', [
        'install',
        '--no-compile',
        '--no-warn-script-location',
        ...from,
        ...builds,
      ]);
    },
  };

  function runPip(work: InstallWork, step: 'resolve' | 'install', args: string[]): Promise<void> {
    return run(work, step, [...pip, '--python', join(venvFolder(work), 'bin/python'), ...args]);
  }

  async function run(work: InstallWork, step: 'resolve' | 'install', command: string[]): Promise<void> {
    const { exitCode, stderr } = await runInstaller(context, work, {
      command,
      variables: { PIP_CACHE_DIR: cacheOf(context, work, 'pip') },
      readable: [context.toolsFolder],
    });
    if (exitCode !== 0) throw installerFailure(step, stderr);
  }
}

/** In the form of `uv pip compile`, so that one parser reads the locks of both. */
function lockOf(report: string): string {
  const { install } = reportSchema.parse(JSON.parse(report));
  const lines = install.map(({ metadata, download_info }) => {
    const hashes = Object.entries(download_info.archive_info.hashes);
    return [
      `${metadata.name}==${metadata.version}`,
      ...hashes.map(([kind, hash]) => `    --hash=${kind}:${hash}`),
    ].join(' \\\n');
  });
  return `${lines.sort().join('\n')}\n`;
}

const reportSchema = z.object({
  install: z.array(
    z.object({
      metadata: z.object({ name: z.string(), version: z.string() }),
      download_info: z.object({ archive_info: z.object({ hashes: z.record(z.string(), z.string()) }) }),
    }),
  ),
});
