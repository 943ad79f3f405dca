import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { removeFolder } from '../../shared/remove-folder.ts';
import { PackageError } from '../errors.ts';
import {
  type FoundPip,
  type Installer,
  type InstallerContext,
  type InstallWork,
  runInstaller,
} from './installer.ts';
import { makePipInstaller, pipCommand, RUN_PIP } from './pip.ts';
import { makeUvInstaller } from './uv.ts';

/**
 * uv, where it is on the PATH, was fetched before, or can be fetched now from the package index. Otherwise pip: that of
 * the interpreter, or in a virtual environment of its own. Throws PackageError where neither is available.
 */
export async function findInstaller(context: InstallerContext, work: InstallWork): Promise<Installer> {
  const { settings } = context;
  if (settings.installer !== 'pip') {
    const { found } = context;
    if (found.uv === undefined) found.uv = await findUv(context, work);
    const { uv } = found;
    if (uv !== null) return makeUvInstaller(context, uv);
    if (settings.installer === 'uv')
      throw missing(
        'Expected uv, and it is neither on the PATH nor can it be fetched from the package index',
      );
  }
  const pip = await findPip(context, work);
  if (pip !== null) return makePipInstaller(context, pip);
  throw missing('Expected uv, or pip 22.3 or newer, and there is neither');
}

async function findUv(context: InstallerContext, work: InstallWork): Promise<string | null> {
  for (const path of [context.settings.uvPath, await fetchedUv(context)]) {
    if (
      path !== undefined &&
      existsSync(path) &&
      (await works(context, work, [path, '--version'], [dirname(path)]))
    )
      return path;
  }
  return fetchUv(context, work);
}

/** One version, of which the repository has the hashes: uv is a program that nothing else checks. */
async function fetchUv(context: InstallerContext, work: InstallWork): Promise<string | null> {
  const pip = await findPip(context, work);
  if (pip === null) return null;
  const fetched = await fetchedUv(context);
  work.onLine('Fetching uv');
  const made = join(work.folder, 'uv');
  const options = ['--target', made, '--only-binary', ':all:', '--no-deps', '--no-compile'];
  const args = ['install', ...options, '--require-hashes', '--requirement', UV_REQUIREMENTS];
  const command = pipCommand({ python: context.interpreter.executable, pip, args, wheelsOnly: true });
  const variables = context.hostConfig.pipVariables;
  if (!(await works(context, work, command, [], variables))) return null;
  await keepTool(made, dirname(dirname(fetched)));
  return fetched;
}

const UV_REQUIREMENTS = join(dirname(RUN_PIP), 'uv-requirements.txt');

/** Where the pinned uv is, once it was fetched. */
async function fetchedUv({ toolsFolder }: InstallerContext): Promise<string> {
  const version = /^uv==(\S+)/m.exec(await readFile(UV_REQUIREMENTS, 'utf8'))?.[1];
  return join(toolsFolder, `uv-${version}`, 'bin/uv');
}

/** The pip of the interpreter, or one in a virtual environment of its own. */
async function findPip(context: InstallerContext, work: InstallWork): Promise<FoundPip | null> {
  const { found, interpreter, toolsFolder } = context;
  const separate = join(toolsFolder, 'pip');
  const makeSeparate = async () => {
    const made = join(work.folder, 'pip');
    if (await works(context, work, [interpreter.executable, '-I', '-m', 'venv', made]))
      await keepTool(made, separate);
    return probePip(context, work, join(separate, 'bin/python'));
  };
  found.pip ??=
    (await probePip(context, work, interpreter.executable)) ??
    (await probePip(context, work, join(separate, 'bin/python'))) ??
    (await makeSeparate()) ??
    undefined;
  return found.pip ?? null;
}

/** Moves a finished tool into place; where another process was quicker, its tool is used instead. */
async function keepTool(made: string, kept: string): Promise<void> {
  await mkdir(dirname(kept), { recursive: true });
  await rename(made, kept).catch(() => removeFolder(made));
}

/** The pip that a Python has, if it has `--report` (22.2) and works for another Python (22.3). */
async function probePip(
  context: InstallerContext,
  work: InstallWork,
  python: string,
): Promise<FoundPip | null> {
  const answer = await runInstaller(context, work, {
    command: [python, '-I', '-c', PROBE],
    readable: [context.toolsFolder],
  });
  const [version = '', folder = ''] = answer.stdout.trim().split('\n');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNewEnough = major > 22 || (major === 22 && minor >= 3);
  return answer.exitCode === 0 && isNewEnough ? { folder } : null;
}

const PROBE = 'import os, pip; print(pip.__version__); print(os.path.dirname(os.path.dirname(pip.__file__)))';

async function works(
  context: InstallerContext,
  work: InstallWork,
  command: string[],
  readable: string[] = [],
  variables?: Record<string, string>,
): Promise<boolean> {
  const tools = [context.toolsFolder, ...readable];
  const run = await runInstaller(context, work, {
    command,
    readable: tools,
    variables: variables ?? {},
    usesIndex: variables !== undefined,
  });
  return run.exitCode === 0;
}

function missing(what: string): PackageError {
  return new PackageError(
    `${what}. Install one of them: pip install uv, or apt-get install python3-pip python3-venv.`,
    true,
  );
}
