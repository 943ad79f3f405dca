import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WeftError } from '../errors.ts';
import { type ParsedWorkflow, parseWorkflow, WORKFLOW_FILE, type WorkflowFiles } from './workflow-text.ts';

/** A folder with one folder for each workflow, which has its key as name. */
export interface WorkflowFolder {
  path: string;
  /** The keys, in order. */
  keys(): Promise<string[]>;
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

  return {
    path,
    read,
    async keys() {
      const entries = await ifThere(readdir(path, { withFileTypes: true }));
      if (entries === undefined) return [];
      const keys: string[] = [];
      for (const entry of entries)
        if (entry.isDirectory() && (await readText(entry.name, WORKFLOW_FILE)) !== undefined)
          keys.push(entry.name);
      return keys.sort();
    },
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

async function ifThere<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
