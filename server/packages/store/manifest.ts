import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/**
 * environment.json: describes an environment; written once. The file's modification time is the time of the last use.
 */
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
      /** Its import names. */
      modules: z.array(z.string()),
    }),
  ),
  /** Relative to the environment's folder. */
  sitePackages: z.string(),
  /** Without bytecode. */
  sizeBytes: z.number(),
  createdAt: z.iso.datetime(),
});

/** compiled.json: exists when the environment has all of its bytecode; the size includes the bytecode. */
export type Compiled = z.infer<typeof compiledSchema>;

const compiledSchema = z.object({ sizeBytes: z.number() });

/** requests/<key>.json: the outcome of the last build for a set of requirements. */
export type Outcome = z.infer<typeof outcomeSchema>;

const outcomeSchema = z.discriminatedUnion('kind', [
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

/** Null where the file is missing or is not a manifest. */
export async function readManifest(folder: string): Promise<Manifest | null> {
  return readAs(manifestSchema, join(folder, MANIFEST));
}

export async function readCompiled(folder: string): Promise<Compiled | null> {
  return readAs(compiledSchema, join(folder, COMPILED));
}

export async function readOutcome(file: string): Promise<Outcome | null> {
  return readAs(outcomeSchema, file);
}

async function readAs<T>(schema: z.ZodType<T>, file: string): Promise<T | null> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}
