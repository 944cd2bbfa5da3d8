/** esbuild, which places no files. */
import type { Consumer } from "../support/consumer.ts";

export default {
  title: "esbuild",
  build: { commands: [["node", "build.js"]], folder: "dist", page: "index.html" },
  ways: [{ kind: "built", title: "build" }],
} satisfies Consumer;
