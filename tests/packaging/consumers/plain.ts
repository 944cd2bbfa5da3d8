/** A page with an import map and no bundler, from servers that are as they should be and from others. */
import type { Consumer } from "../support/consumer.ts";

const ours = (path: string): boolean => /^\/node_modules\/electric-replica\/.*\.wasm$/.test(path);

export default {
  title: "a page without a bundler",
  app: ["app.js", "page.js", "main.js"],
  ways: [
    { kind: "built", title: "as it should be served" },
    { kind: "built", title: "from a server that does not know WebAssembly's type", site: { type: (path) => (ours(path) ? "text/plain" : undefined) } },
    { kind: "built", title: "from a server that answers with its page for a WebAssembly file", site: { lost: ours }, wasm: "twins" },
  ],
} satisfies Consumer;
