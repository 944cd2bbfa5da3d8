/** Builds the demo's pages into `dist/`, which the demo's server sends. */
import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { replicaDevtools } from 'electric-replica/devtools/vite';
import { defineConfig } from 'vite';

const HERE = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: HERE('.'),
  // The demo's own server serves DevTools for `npm start`; this does while Vite serves the pages.
  plugins: [vue(), replicaDevtools()],
  worker: { format: 'es' },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 2_000, rolldownOptions: { input: ['index.html', 'vue.html'].map(HERE) } },
  // PGlite finds its own WebAssembly beside its modules; a bundled copy would look in the wrong place.
  optimizeDeps: { exclude: ['@electric-sql/pglite', 'electric-replica'] },
});
