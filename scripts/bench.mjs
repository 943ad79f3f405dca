import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedNode, root, run, say } from './setup/project.mjs';
import { setUp } from './setup.mjs';

const [name, ...rest] = process.argv.slice(2);
const names = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length));

if (name !== undefined && names.includes(name)) {
  await setUp();
  process.exitCode = await run(pinnedNode, ['--enable-source-maps', `dist/bench/${name}.js`, ...rest]);
} else {
  if (name !== undefined) say(`There is no benchmark called ${name}.`);
  console.log(['Usage: npm run bench -- <name>', ...names.map((each) => `  ${each}`)].join('\n'));
  process.exitCode = name === undefined ? 0 : 1;
}
