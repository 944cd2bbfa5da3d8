/**
 * Starts the demo with its embedded server, setting up and building whatever is missing. The server prints its address.
 * `PORT`, `DATABASE_URL` and `ELECTRIC_URL` go through to it.
 *
 *     npm start
 */
import { existsSync } from "node:fs";

import { build } from "./build.mjs";
import { page } from "./build/page.mjs";
import { Failure, script } from "./lib/failure.mjs";
import { at } from "./lib/paths.mjs";
import { serve } from "./lib/process.mjs";

const SERVER = "www/server/main.ts";

await script(async () => {
  await build();
  if (!existsSync(at(SERVER))) throw new Failure(`there is no demo to start: ${SERVER} is missing`);
  await page();
  return serve({ command: process.execPath, args: ["--import", "tsx", at(SERVER)] });
});
