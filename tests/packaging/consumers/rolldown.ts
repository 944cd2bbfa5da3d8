/** rolldown by itself. */
import type { Consumer } from "../support/consumer.ts";

export default {
  title: "rolldown",
  build: { commands: [["rolldown", "--config"]], folder: "dist", page: "index.html" },
  ways: [{ kind: "built", title: "build" }],
} satisfies Consumer;
