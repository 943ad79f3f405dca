import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WeftError } from '../errors.ts';
import { type ParsedWorkflow, parseWorkflow, WORKFLOW_FILE, type WorkflowFiles } from './workflow-text.ts';

/** A folder with one folder for each workflow, which has its key as name. */
export interface WorkflowFolder {
  path: string;
  /** The keys, in order; none where there is no folder. */
  keys(): Promise<string[]>;
  /** The folders in it that are no workflow, because they have no `workflow.yaml`, each with its files. */
  others(): Promise<{ name: string; files: string[] }[]>;
  /** Null where there is no such workflow. @throws WeftError INVALID_FILE */
  read(key: string): Promise<ParsedWorkflow | null>;
  /** Writes the files of a workflow, and removes the code of nodes that it has no more. Other files stay. */
  write(key: string, files: WorkflowFiles): Promise<void>;
}

export function openWorkflowFolder(path: string): WorkflowFolder {
  const readText = async (key: string, name: string) => {
    const text = await ifThere(readFile(join(path, key, name), 'utf8'));
    return text?.replaceAll('\r\n', '\n'); // git may have changed the ends of lines
  };

  async function read(key: string): Promise<ParsedWorkflow | null> {
    if ((await readText(key, WORKFLOW_FILE)) === undefined) return null;
    return parseWorkflow(join(path, key), (name) => readText(key, name));
  }

  /** In order. */
  async function folders(): Promise<{ name: string; files: string[] }[]> {
    const entries = (await ifThere(readdir(path, { withFileTypes: true }))) ?? [];
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    return await Promise.all(
      names.sort().map(async (name) => ({ name, files: await readdir(join(path, name)) })),
    );
  }

  return {
    path,
    read,
    keys: async () => (await folders()).filter(isWorkflow).map(({ name }) => name),
    others: async () => (await folders()).filter((folder) => !isWorkflow(folder)),
    async write(key, files) {
      if (!/^[a-z0-9-]{1,64}$/.test(key))
        throw new WeftError(
          'INVALID_KEY',
          `Expected a key that can name a folder, got ${JSON.stringify(key)}.`,
        );
      const former = await read(key).catch(() => null); // What cannot be read is replaced.
      await mkdir(join(path, key), { recursive: true });
      for (const [name, text] of files) await writeFile(join(path, key, name), text);
      for (const name of former?.codeFiles.values() ?? [])
        if (!files.has(name)) await rm(join(path, key, name), { force: true });
    },
  };
}

const isWorkflow = ({ files }: { files: string[] }) => files.includes(WORKFLOW_FILE);

async function ifThere<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
