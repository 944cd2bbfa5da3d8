/** The DevTools page, built from `devtools/` into the package. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";

import { at, bin, CACHE, PKG } from "../lib/paths.mjs";
import { run } from "../lib/process.mjs";
import { once } from "../lib/stamp.mjs";

const BUILT = join(CACHE, "devtools-page");

/** Builds it where it is not left from before: the TypeScript, when it is built, takes away what was in the package. */
export async function devtools() {
  const made = {
    // The types of what it says to the app's page come from js/, and so does the name of the channel.
    inputs: ["devtools", "js/devtools", "package-lock.json"],
    outputs: [".cache/devtools-page/index.html"],
  };
  await once("DevTools page", made, () => run({ command: bin("vite"), args: ["build", "--config", at("devtools/vite.config.ts"), "--logLevel", "warn"] }));
  const page = join(PKG, "devtools", "page");
  rmSync(page, { recursive: true, force: true });
  cpSync(BUILT, page, { recursive: true });
}
