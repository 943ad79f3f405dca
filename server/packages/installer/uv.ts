import { dirname, join } from 'node:path';
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
import { installerFailure } from './words.ts';

/** `uvPath` is absolute, and uv itself: a shim does not work in the room. */
export function makeUvInstaller(context: InstallerContext, uvPath: string): Installer {
  const { interpreter, settings, operator } = context;
  const builds = settings.sourceBuilds ? [] : ['--no-build'];
  const index = operator.noIndex ? ['--no-index'] : [];

  return {
    name: 'uv',
    async makeVenv(work) {
      await uv(work, 'install', [
        'venv',
        '--relocatable',
        '--python',
        interpreter.executable,
        venvFolder(work),
      ]);
    },
    async resolve(work) {
      const output = [
        '--generate-hashes',
        '--no-header',
        '--no-annotate',
        '--no-strip-extras',
        '--output-file',
        lockFile(work),
      ];
      await uv(work, 'resolve', [
        'pip',
        'compile',
        ...output,
        ...index,
        ...builds,
        '--python',
        interpreter.executable,
        requirementsFile(work),
      ]);
    },
    async install(work) {
      const python = join(venvFolder(work), 'bin/python');
      const from = ['--no-deps', '--require-hashes', '--requirements', lockFile(work)];
      await uv(work, 'install', ['pip', 'install', '--python', python, ...from, ...index, ...builds]);
    },
  };

  async function uv(work: InstallWork, doing: 'resolve' | 'install', args: string[]): Promise<void> {
    const run = await runInstaller(context, work, {
      command: [uvPath, ...args, '--no-python-downloads'],
      variables: { UV_CACHE_DIR: cacheOf(context, work, 'uv'), UV_NO_MANAGED_PYTHON: '1' },
      readable: [dirname(uvPath)],
    });
    if (run.exitCode !== 0) throw installerFailure(doing, run.stderr);
  }
}
