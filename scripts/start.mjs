/**
 * Starts the demo with its embedded server, setting up and building whatever is missing. The server prints its address.
 * `PORT`, `DATABASE_URL` and `ELECTRIC_URL` go through to it.
 *
 *     npm start
 */
import { existsSync } from "node:fs";

import { build } from "./build.mjs";
import { Failure, script } from "./lib/failure.mjs";
import { step } from "./lib/narration.mjs";
import { at, bin } from "./lib/paths.mjs";
import { run, serve } from "./lib/process.mjs";
import { once } from "./lib/stamp.mjs";

const SERVER = "www/server/main.ts";
const PAGE = "www/vite.config.ts";

await script(async () => {
  await build();
  if (!existsSync(at(SERVER))) throw new Failure(`there is no demo to start: ${SERVER} is missing`);
  if (existsSync(at(PAGE))) await step("Building the demo's page", page);
  return serve({ command: process.execPath, args: ["--import", "tsx", at(SERVER)] });
});

function page() {
  const made = {
    inputs: ["www", "pkg", "package-lock.json"],
    outputs: ["www/dist/index.html"],
  };
  return once("demo page", made, () => run({ command: bin("vite"), args: ["build", "--config", at(PAGE), at("www")] }));
}
