import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WeftError } from '../errors.ts';
import { renderModule } from './render-module.ts';
import { selectWorkflows } from './select.ts';
import { openServer, readWorkflows, type ServerOptions } from './server.ts';

export interface GenerateOptions extends ServerOptions {
  /** The module to write. */
  out: string;
  /** The keys, ids or names of the workflows to write; all where it is empty. */
  only: readonly string[];
  /** Write nothing, and fail where the module is out of date. */
  check: boolean;
  /** Run the versions that the types were made from. */
  pin: boolean;
}

/** Writes the module where it is out of date. @returns one line for the user @throws WeftError */
export async function generate({ out, only, check, pin, ...server }: GenerateOptions): Promise<string> {
  const { url } = server;
  const all = await readWorkflows(openServer(server));
  if (all.length === 0) {
    throw new WeftError('NO_WORKFLOWS', `Expected workflows on ${url}, got none. Save one first.`);
  }
  const workflows = selectWorkflows(all, only);
  const module = renderModule(workflows, { pin });
  const summary = `${workflows.length} workflow${workflows.length === 1 ? '' : 's'} of ${url}`;
  if ((await readIfThere(out)) === module) return `${out} is up to date with the ${summary}.`;
  if (check) {
    throw new WeftError(
      'DRIFT',
      `Expected ${out} to be up to date with the ${summary}, but they differ. Run the same command without --check.`,
    );
  }
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, module);
  return `Wrote ${out}: the ${summary}.`;
}

/** The file's text with the line ends that this command writes: git may have changed them. */
async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).replaceAll('\r\n', '\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
