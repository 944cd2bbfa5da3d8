/** Vite 7, which builds with Rollup. */
import type { Consumer } from "../support/consumer.ts";

export default {
  title: "Vite 7",
  build: { commands: [["vite", "build"]], folder: "dist" },
  ways: [
    { kind: "built", title: "build" },
    { kind: "served", title: "dev", command: ["vite", "--host", "127.0.0.1", "--port", "0"] },
  ],
} satisfies Consumer;
