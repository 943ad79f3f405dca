import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/project.mjs';

/**
 * What a first visit of the console loads before its first page shows: the page, the entry, that page's chunk, and all
 * that these import, as gzip sends them (brotli is less). Fonts come after the text and are not counted.
 */
const maxKib = 250;
const app = join(root, 'studio/dist/app');
const manifest = JSON.parse(readFileSync(join(app, '.vite/manifest.json'), 'utf8'));
const files = new Set(['index.html', 'theme.js']);
collect('index.html');
collect('src/app/pages/workflows.tsx');

const sizes = [...files].map((file) => ({ file, kib: sentSize(file) / 1024 }));
const total = sizes.reduce((sum, { kib }) => sum + kib, 0);
console.log(`The console's first page weighs ${total.toFixed(1)} KiB of ${maxKib}.`);
if (total > maxKib) {
  for (const { file, kib } of sizes) console.error(`${kib.toFixed(1).padStart(8)} KiB ${file}`);
  console.error(
    `Expected at most ${maxKib} KiB. Load what the first page does not need with a dynamic import.`,
  );
  process.exitCode = 1;
}

function collect(name) {
  const { file, css = [], imports = [] } = manifest[name];
  if (files.has(file)) return;
  for (const each of [file, ...css]) files.add(each);
  for (const each of imports) collect(each);
}

function sentSize(file) {
  const path = join(app, file);
  return (statSync(`${path}.gz`, { throwIfNoEntry: false }) ?? statSync(path)).size;
}
