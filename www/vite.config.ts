/** Builds the demo's page into `dist/`, which the demo's server sends. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  worker: { format: 'es' },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 2_000 },
  // PGlite finds its own WebAssembly beside its modules; a bundled copy would look in the wrong place.
  optimizeDeps: { exclude: ['@electric-sql/pglite', 'electric-replica'] },
});
