import { join } from 'node:path';
import { projectRoot } from '../../shared/paths.ts';
import {
  cacheOf,
  type FoundPip,
  type Installer,
  type InstallerContext,
  type InstallWork,
  lockFile,
  requirementsFile,
  runInstaller,
  venvFolder,
} from './installer.ts';
import { installerFailure } from './installer-output.ts';

/** pip as a library, which `python/run_pip.py` runs for the Python of the environment. */
export function makePipInstaller(context: InstallerContext, pip: FoundPip): Installer {
  const { interpreter, settings } = context;
  const builds = settings.sourceBuilds ? [] : ['--only-binary', ':all:'];

  return {
    name: 'pip',
    async resolve(work) {
      // The environment comes first: pip resolves for the Python that runs it, and that is the environment's.
      const makeVenv = [interpreter.executable, '-I', '-m', 'venv', '--without-pip', venvFolder(work)];
      await run(work, 'install', false, makeVenv);
      const report = join(work.folder, 'tmp/report.json');
      const options = ['--dry-run', '--ignore-installed', '--report', report, ...builds];
      const command = ['install', ...options, '--requirement', requirementsFile(work)];
      await runPip(work, 'resolve', command, { report, lock: lockFile(work) });
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

  function runPip(
    work: InstallWork,
    step: 'resolve' | 'install',
    args: string[],
    lock: { report: string; lock: string } | null = null,
  ): Promise<void> {
    const python = join(venvFolder(work), 'bin/python');
    return run(work, step, true, pipCommand({ python, pip, args, wheelsOnly: !settings.sourceBuilds, lock }));
  }

  async function run(
    work: InstallWork,
    step: 'resolve' | 'install',
    usesIndex: boolean,
    command: string[],
  ): Promise<void> {
    const { exitCode, stderr, refusedHosts } = await runInstaller(context, work, {
      command,
      variables: { ...context.hostConfig.pipVariables, PIP_CACHE_DIR: cacheOf(context, work, 'pip') },
      readable: [context.toolsFolder],
      usesIndex,
    });
    if (exitCode !== 0) throw installerFailure(step, stderr, refusedHosts);
  }
}

export const RUN_PIP = join(projectRoot, 'server/packages/installer/python/run_pip.py');

/** The command that runs pip for `python`; `wheelsOnly`: pip can start no program, so that it can build nothing. */
export function pipCommand(options: {
  python: string;
  pip: FoundPip;
  args: string[];
  wheelsOnly: boolean;
  lock?: { report: string; lock: string } | null;
}): string[] {
  const { report, lock } = options.lock ?? { report: null, lock: null };
  const { pip, args, wheelsOnly } = options;
  const request = { folder: pip.folder, arguments: args, wheelsOnly, report, lock };
  return [options.python, '-I', RUN_PIP, JSON.stringify(request)];
}
