import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** environment.json: what an environment is, written once. The file's modification time is its last use. */
export type Manifest = z.infer<typeof manifestSchema>;

const manifestSchema = z.object({
  id: z.string(),
  requirements: z.array(z.string()),
  pythonVersion: z.string(),
  platform: z.string(),
  packages: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      /** What it is imported as. */
      modules: z.array(z.string()),
    }),
  ),
  /** Relative to the environment's folder. */
  sitePackages: z.string(),
  /** Without bytecode. */
  sizeBytes: z.number(),
  createdAt: z.iso.datetime(),
});

/** compiled.json: all of its bytecode is there, and how much it takes with that. */
export type Compiled = z.infer<typeof compiledSchema>;

const compiledSchema = z.object({ sizeBytes: z.number() });

/** asked/<key>.json: what a set of requirements came to. */
export type Asked = z.infer<typeof askedSchema>;

const askedSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('resolved'), environmentId: z.string() }),
  z.object({
    kind: z.literal('failed'),
    requirements: z.array(z.string()),
    message: z.string(),
    at: z.iso.datetime(),
  }),
]);

export const MANIFEST = 'environment.json';
export const COMPILED = 'compiled.json';

/** Null where there is none, or what is there is no manifest. */
export async function readManifest(folder: string): Promise<Manifest | null> {
  return readAs(manifestSchema, join(folder, MANIFEST));
}

export async function readCompiled(folder: string): Promise<Compiled | null> {
  return readAs(compiledSchema, join(folder, COMPILED));
}

export async function readAsked(file: string): Promise<Asked | null> {
  return readAs(askedSchema, file);
}

async function readAs<T>(schema: z.ZodType<T>, file: string): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}
