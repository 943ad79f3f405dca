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
import { installerFailure } from './installer-output.ts';

/** `uvPath` is absolute, and uv itself: a shim does not work in the room. */
export function makeUvInstaller(context: InstallerContext, uvPath: string): Installer {
  const { interpreter, settings, operator } = context;
  const builds = settings.sourceBuilds ? [] : ['--no-build'];
  const index = operator.noIndex ? ['--no-index'] : [];
  const python = ['--python', interpreter.executable];

  return {
    name: 'uv',
    async resolve(work) {
      // Side by side: neither needs the other. Both end before one fails, since their folder is removed then.
      const both = [makeVenv(work), writeLock(work)];
      await Promise.allSettled(both);
      await Promise.all(both);
    },
    async install(work) {
      const into = ['--python', join(venvFolder(work), 'bin/python')];
      const from = ['--no-deps', '--require-hashes', '--requirements', lockFile(work)];
      await uv(work, 'install', ['pip', 'install', ...into, ...from, ...index, ...builds]);
    },
  };

  function makeVenv(work: InstallWork): Promise<void> {
    return uv(work, 'install', ['venv', '--relocatable', ...python, venvFolder(work)]);
  }

  function writeLock(work: InstallWork): Promise<void> {
    const form = ['--generate-hashes', '--no-header', '--no-annotate', '--no-strip-extras'];
    const files = ['--output-file', lockFile(work), requirementsFile(work)];
    return uv(work, 'resolve', ['pip', 'compile', ...form, ...index, ...builds, ...python, ...files]);
  }

  async function uv(work: InstallWork, doing: 'resolve' | 'install', args: string[]): Promise<void> {
    const run = await runInstaller(context, work, {
      command: [uvPath, ...args, '--no-python-downloads'],
      variables: { UV_CACHE_DIR: cacheOf(context, work, 'uv'), UV_NO_MANAGED_PYTHON: '1' },
      readable: [dirname(uvPath)],
    });
    if (run.exitCode !== 0) throw installerFailure(doing, run.stderr);
  }
}
