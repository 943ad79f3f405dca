import { pinnedNode, run } from './setup/project.mjs';
import { setUp } from './setup.mjs';

/** `npm run schema` regenerates what is generated and committed; each step reads what the step before has written. */
const steps = [
  ['scripts/mime-types.mjs'],
  ['dist/server/cli/emit-schema.js'],
  ['scripts/generate-client.mjs'],
  ['scripts/generate-node-configs.mjs'],
  ['scripts/generate-client-reference.mjs'],
];

for (const step of steps) {
  await setUp(); // builds what the step before has changed
  const exitCode = await run(pinnedNode, step);
  if (exitCode !== 0) process.exit(exitCode);
}
