/**
 * Tests the Nuxt module in a real app: `examples/nuxt`, with the package as npm packs it, built and in development, opened in Chromium. Builds what is
 * missing first. It installs Nuxt, which is why `npm test` does without it.
 *
 *     npm run test:nuxt
 *     npm run test:nuxt -- --nuxt 4.5.2 --node /path/to/node22    another Nuxt, built and run with another Node
 *     npm run test:nuxt -- --in FOLDER                            what is installed and built there is kept, and used if it is there
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { build } from "./build.mjs";
import { Failure, script } from "./lib/failure.mjs";
import { tested } from "./nuxt/tested.mjs";
import { setupBrowser } from "./setup.mjs";

await script(async (args) => {
  const chosen = options(args);
  await build();
  const { chromium } = await setupBrowser();
  const { passed, failed, faults } = await tested(chromium, chosen);
  console.log(`\n${faults.map((fault) => `✗ ${fault}\n`).join("")}${passed} passed, ${failed + faults.length} failed`);
  return failed + faults.length === 0 && passed > 0 ? 0 : 1;
});

/** @param {string[]} args @returns {{ nuxt: string | undefined, node: string, in: string | undefined }} */
function options(args) {
  try {
    const { values } = parseArgs({ args, options: { nuxt: { type: "string" }, node: { type: "string" }, in: { type: "string" } } });
    return { nuxt: values.nuxt, node: values.node ?? process.execPath, in: values.in && resolve(values.in) };
  } catch (error) {
    throw new Failure(`${error instanceof Error ? error.message : error}\nusage: npm run test:nuxt -- [--nuxt VERSION] [--node PATH] [--in FOLDER]`);
  }
}
