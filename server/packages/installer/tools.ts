import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PackageError } from '../errors.ts';
import { type Installer, type InstallerContext, type InstallWork, runInstaller } from './installer.ts';
import { makePipInstaller } from './pip.ts';
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
  const fetched = join(context.toolsFolder, 'uv/bin/uv');
  for (const path of [context.settings.uvPath, fetched]) {
    if (
      path !== undefined &&
      existsSync(path) &&
      (await works(context, work, [path, '--version'], [dirname(path)]))
    )
      return path;
  }
  return fetchUv(context, work);
}

async function fetchUv(context: InstallerContext, work: InstallWork): Promise<string | null> {
  const pip = await findPip(context, work);
  if (pip === null) return null;
  work.onLine('Fetching uv');
  const made = join(work.folder, 'uv');
  const options = ['--target', made, '--only-binary', ':all:', '--no-deps'];
  const isMade = await works(context, work, [...pip, 'install', ...options, 'uv']);
  return isMade ? join(await keepTool(context, made), 'bin/uv') : null;
}

/** The command that starts pip: that of the interpreter, or one in a virtual environment of its own. */
async function findPip(context: InstallerContext, work: InstallWork): Promise<string[] | null> {
  const { found, interpreter, toolsFolder } = context;
  const own = [interpreter.executable, '-I', '-m', 'pip'];
  const separate = [join(toolsFolder, 'pip/bin/python'), '-I', '-m', 'pip'];
  const makeSeparate = async () => {
    const made = join(work.folder, 'pip');
    if (await works(context, work, [interpreter.executable, '-I', '-m', 'venv', made]))
      await keepTool(context, made);
    return isPip(context, work, separate);
  };
  if (found.pip !== undefined) return found.pip;
  if (await isPip(context, work, own)) found.pip = own;
  else if ((await isPip(context, work, separate)) || (await makeSeparate())) found.pip = separate;
  return found.pip ?? null;
}

/** Moves a finished tool into place; where another process was quicker, its tool is used instead. */
async function keepTool({ toolsFolder }: InstallerContext, made: string): Promise<string> {
  const kept = join(toolsFolder, basename(made));
  await mkdir(toolsFolder, { recursive: true });
  await rename(made, kept).catch(() => rm(made, { recursive: true, force: true }));
  return kept;
}

/** Whether the command is a pip with `--report` (22.2) and `--python` (22.3). */
async function isPip(context: InstallerContext, work: InstallWork, pip: string[]): Promise<boolean> {
  const answer = await runInstaller(context, work, {
    command: [...pip, '--version'],
    readable: [context.toolsFolder],
  });
  const [major = 0, minor = 0] = (/^pip (\d+)\.(\d+)/.exec(answer.stdout) ?? []).slice(1).map(Number);
  return answer.exitCode === 0 && (major > 22 || (major === 22 && minor >= 3));
}

async function works(
  context: InstallerContext,
  work: InstallWork,
  command: string[],
  readable: string[] = [],
): Promise<boolean> {
  const run = await runInstaller(context, work, { command, readable: [context.toolsFolder, ...readable] });
  return run.exitCode === 0;
}

function missing(what: string): PackageError {
  return new PackageError(
    `${what}. Install one of them: pip install uv, or apt-get install python3-pip python3-venv.`,
    true,
  );
}
