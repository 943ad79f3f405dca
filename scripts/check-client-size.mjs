import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { root } from './setup/project.mjs';

/** The largest size of each entry of the client SDK, with its dependencies but without React: KiB, minified and gzipped. */
const budgets = [
  { entry: '@weft/client', maxKib: 19 },
  { entry: '@weft/client/react', maxKib: 4 },
];

for (const { entry, maxKib } of budgets) {
  const { outputFiles } = await build({
    stdin: { contents: `export * from '${entry}';`, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['react'],
  });
  const kib = gzipSync(outputFiles[0].contents, { level: 9 }).length / 1024;
  if (kib <= maxKib) continue;
  console.error(
    `Expected ${entry} to have at most ${maxKib} KiB, got ${kib.toFixed(1)}. Remove something from it, or raise its budget here.`,
  );
  process.exitCode = 1;
}
