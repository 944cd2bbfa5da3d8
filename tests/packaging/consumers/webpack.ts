/** webpack 5. */
import type { Consumer } from "../support/consumer.ts";

export default {
  title: "webpack 5",
  build: { commands: [["webpack"]], folder: "dist", page: "index.html" },
  ways: [{ kind: "built", title: "build" }],
} satisfies Consumer;
