/** Vitest 4 in Chromium; 5 needs Node 22. */
import type { Consumer } from "../support/consumer.ts";

export default {
  title: "Vitest in a browser",
  app: ["app.js", "app.test.js"],
  ways: [{ kind: "tested", title: "run", command: ["vitest", "run"] }],
} satisfies Consumer;
