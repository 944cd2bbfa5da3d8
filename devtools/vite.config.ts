/** Builds the DevTools page: files that any server can send, from any path. */
import { fileURLToPath } from "node:url";

import vue from "@vitejs/plugin-vue";
import { defineConfig, type Plugin } from "vite";

const HERE = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Of what Mermaid's own files import, that which an ER diagram is drawn with: all else would be most of the page. */
const DRAWN = /\/(erDiagram|dagre|sizeCapture|chunk)-[^/]*$/;
const EMPTY = "\0no-such-diagram";

/** Leaves out what Mermaid loads when it meets another kind of diagram. */
const onlyErDiagrams: Plugin = {
  name: "only-er-diagrams",
  enforce: "pre",
  resolveId(id, importer) {
    if (!importer?.includes("/node_modules/mermaid/")) return null;
    const isOwn = id.startsWith("./");
    return id === "katex" || (isOwn && !DRAWN.test(id)) ? EMPTY : null;
  },
  load: (id) => (id === EMPTY ? "export default {}; export const diagram = undefined;" : null),
};

export default defineConfig({
  root: HERE("."),
  base: "./",
  publicDir: false,
  plugins: [onlyErDiagrams, vue()],
  build: {
    outDir: HERE("../.cache/devtools-page"),
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 2_000,
    // What is bundled is other people's, and says under which terms.
    license: { fileName: "LICENSES.md" },
  },
});
