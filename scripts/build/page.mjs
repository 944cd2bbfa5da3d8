/** The demo's page, built from the package as npm would publish it. */
import { existsSync } from "node:fs";

import { step } from "../lib/narration.mjs";
import { at, bin } from "../lib/paths.mjs";
import { run } from "../lib/process.mjs";
import { once } from "../lib/stamp.mjs";

const CONFIG = "www/vite.config.ts";

/** Builds the page where there is one. */
export async function page() {
  if (!existsSync(at(CONFIG))) return;
  const made = {
    inputs: ["www", "pkg", "package-lock.json"],
    outputs: ["www/dist/index.html"],
  };
  const work = () => run({ command: bin("vite"), args: ["build", "--config", at(CONFIG), "--logLevel", "error", at("www")] });
  await step("Building the demo's page", () => once("demo page", made, work));
}
