/** Vitest 4 in Node; 5 needs Node 22. */
import type { Consumer } from "../support/consumer.ts";

export default {
  title: "Vitest in Node",
  app: ["app.js", "app.test.js"],
  ways: [{ kind: "tested", title: "run", command: ["vitest", "run"] }],
} satisfies Consumer;
