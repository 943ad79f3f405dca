import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { printWholeSchema } from '../graphql/print-schema.ts';
import { describeNode } from '../nodes/describe.ts';
import { nodeRegistry } from '../nodes/registry.ts';
import { projectRoot } from '../shared/paths.ts';

/**
 * Writes the files from which the SDK and other clients are generated: schema/schema.graphql and one file for each node
 * definition. With --check it writes nothing, and fails where a file differs from what it would write.
 */
const folder = join(projectRoot, 'schema');
const definitionsFolder = join(folder, 'node-definitions');

const files = await generate();
const outdated = await findStale(files);
if (process.argv.includes('--check')) report(outdated);
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

function report(outdatedFiles: string[]): void {
  if (outdatedFiles.length === 0) return;
  console.error(
    `Expected these files to match the server; run \`npm run schema\` and commit:\n${outdatedFiles.join('\n')}`,
  );
  process.exitCode = 1;
}

async function write(wanted: ReadonlyMap<string, string>): Promise<void> {
  for (const [file, text] of wanted) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  for (const file of await listDefinitions()) if (!wanted.has(file)) await rm(file);
}
