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

/** `uvPath` is the absolute path of uv itself: a shim does not work in the room. */
export function makeUvInstaller(context: InstallerContext, uvPath: string): Installer {
  const { interpreter, settings, hostConfig } = context;
  const builds = settings.sourceBuilds ? [] : ['--no-build'];
  const index = hostConfig.noIndex ? ['--no-index'] : [];
  const python = ['--python', interpreter.executable];

  return {
    name: 'uv',
    async resolve(work) {
      // Both at once: neither needs the other. Both end before either error is thrown, since the caller then removes
      // the folder.
      const both = [makeVenv(work), writeLock(work)];
      await Promise.allSettled(both);
      await Promise.all(both);
    },
    async install(work) {
      const into = ['--python', join(venvFolder(work), 'bin/python')];
      const from = ['--no-deps', '--require-hashes', '--requirements', lockFile(work)];
      await uv(work, 'install', true, ['pip', 'install', ...into, ...from, ...index, ...builds]);
    },
  };

  function makeVenv(work: InstallWork): Promise<void> {
    return uv(work, 'install', false, ['venv', '--relocatable', ...python, venvFolder(work)]);
  }

  function writeLock(work: InstallWork): Promise<void> {
    const form = ['--generate-hashes', '--no-header', '--no-annotate', '--no-strip-extras'];
    const files = ['--output-file', lockFile(work), requirementsFile(work)];
    return uv(work, 'resolve', true, ['pip', 'compile', ...form, ...index, ...builds, ...python, ...files]);
  }

  async function uv(
    work: InstallWork,
    step: 'resolve' | 'install',
    usesIndex: boolean,
    args: string[],
  ): Promise<void> {
    const run = await runInstaller(context, work, {
      command: [uvPath, ...args, '--no-python-downloads'],
      variables: {
        ...hostConfig.uvVariables,
        UV_CACHE_DIR: cacheOf(context, work, 'uv'),
        UV_NO_MANAGED_PYTHON: '1',
      },
      readable: [dirname(uvPath)],
      usesIndex,
    });
    if (run.exitCode !== 0) throw installerFailure(step, run.stderr, run.refusedHosts);
  }
}
