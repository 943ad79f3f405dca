import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { printWholeSchema } from '../graphql/print-schema.ts';
import { describeNode } from '../nodes/describe.ts';
import { nodeRegistry } from '../nodes/registry.ts';
import { projectRoot } from '../shared/paths.ts';

/**
 * Writes what the SDK and other clients are generated from: schema/schema.graphql and one file for each node
 * definition. With --check it writes nothing and fails where the files are not what would be written.
 */
const folder = join(projectRoot, 'schema');
const definitionsFolder = join(folder, 'node-definitions');

const files = await generate();
const stale = await findStale(files);
if (process.argv.includes('--check')) report(stale);
else await write(files);

async function generate(): Promise<Map<string, string>> {
  const definitions = [...nodeRegistry.values()].map(describeNode);
  return new Map([
    [join(folder, 'schema.graphql'), await printWholeSchema()],
    ...definitions.map(
      (definition) =>
        [
          join(definitionsFolder, `${definition.type}.json`),
          `${JSON.stringify(definition, null, 2)}\n`,
        ] as const,
    ),
  ]);
}

async function findStale(wanted: ReadonlyMap<string, string>): Promise<string[]> {
  const differing = await Promise.all(
    [...wanted].map(async ([file, text]) =>
      (await readFile(file, 'utf8').catch(() => '')) === text ? [] : [file],
    ),
  );
  const surplus = (await listDefinitions()).filter((file) => !wanted.has(file));
  return [...differing.flat(), ...surplus];
}

async function listDefinitions(): Promise<string[]> {
  const names = await readdir(definitionsFolder).catch(() => []);
  return names.map((name) => join(definitionsFolder, name));
}

function report(staleFiles: string[]): void {
  if (staleFiles.length === 0) return;
  console.error(`Not what the server has now; run \`npm run schema\` and commit:\n${staleFiles.join('\n')}`);
  process.exitCode = 1;
}

async function write(wanted: ReadonlyMap<string, string>): Promise<void> {
  for (const [file, text] of wanted) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  for (const file of await listDefinitions()) if (!wanted.has(file)) await rm(file);
}
