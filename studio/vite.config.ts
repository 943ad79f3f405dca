import react from '@vitejs/plugin-react';
import { defineConfig, type UserConfig } from 'vite';
import { isolateCss } from './isolate-css.ts';
import manifest from './package.json' with { type: 'json' };

/** Browsers that have `light-dark()`, cascade layers and popovers: nothing is rewritten for older ones. */
const target = ['chrome123', 'firefox125', 'safari17.5'];

/** `vite build` makes the console, `vite build --mode lib` the package @weft/studio. */
export default defineConfig(({ mode }) => (mode === 'lib' ? lib : app));

const app: UserConfig = {
  plugins: [react()],
  build: {
    target,
    cssTarget: target,
    outDir: 'dist/app',
    emptyOutDir: true,
    assetsInlineLimit: 0, // The content security policy allows no data: scripts or fonts.
    modulePreload: { polyfill: false },
    license: { fileName: 'assets/licenses.md' },
    reportCompressedSize: false,
    manifest: true, // For scripts/check-studio-size.mjs.
  },
};

const external = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)];

/** Whoever embeds the parts has its dependencies installed, so that React and React Flow are there once. */
const lib: UserConfig = {
  plugins: [react(), isolateCss()],
  base: './', // Workers are found beside the module that starts them, wherever that is served from.
  publicDir: false,
  build: {
    target,
    cssTarget: target,
    outDir: 'dist/lib',
    emptyOutDir: false,
    minify: false,
    sourcemap: true,
    reportCompressedSize: false,
    lib: { entry: 'src/lib.ts', formats: ['es'], fileName: 'studio', cssFileName: 'studio' },
    rollupOptions: {
      external: (id) =>
        external.some((name) => id === name || (id.startsWith(`${name}/`) && !id.endsWith('.css'))),
    },
  },
};
