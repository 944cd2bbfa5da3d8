/** Builds the page that measures into `bench/dist/`. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  worker: { format: "es" },
  build: { outDir: "../dist", emptyOutDir: true, target: "es2022", assetsInlineLimit: 0, chunkSizeWarningLimit: 2_000 },
  optimizeDeps: { exclude: ["@electric-sql/pglite", "electric-replica"] },
});
