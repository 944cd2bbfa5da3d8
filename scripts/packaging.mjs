/**
 * Packs the package and installs it where apps do: tests/packaging. Builds what is missing first. The last line is
 * `N passed, N failed` over all consumers.
 *
 *     npm run test:packaging
 *     npm run test:packaging -- --only vite8,webpack
 */
import { readdirSync } from "node:fs";

import { build } from "./build.mjs";
import { Failure, script } from "./lib/failure.mjs";
import { elapsed, step } from "./lib/narration.mjs";
import { at } from "./lib/paths.mjs";
import { tested } from "./nuxt/tested.mjs";
import { setupBrowser } from "./setup.mjs";
import { otherNode } from "./setup/node.mjs";
import { nodeTest } from "./test/layers.mjs";

const FOLDER = "tests/packaging";
/** Those that are a whole app, with tests of its own: `examples/nuxt` with its own Nuxt, and with the newest, which wants a newer Node. */
const NUXT = /** @type {Record<string, { nuxt?: string, node?: string }>} */ ({ "nuxt4.4": {}, "nuxt4.5": { nuxt: "4.5.2", node: "22.23.5" } });

await script(async (args) => {
  const consumers = chosen(args);
  const began = performance.now();
  await build();
  const { chromium } = await setupBrowser();

  let failed = 0;
  const summary = [];
  for (const consumer of consumers) {
    const tally = await step(`Installing the package: ${consumer}`, () => used(consumer, chromium));
    const bad = tally.failed + tally.faults.length;
    failed += bad > 0 ? 1 : 0;
    summary.push(`${bad > 0 ? "✗" : "✓"} ${consumer}: ${tally.passed} passed, ${tally.failed} failed`, ...tally.faults.map((fault) => `  ✗ ${fault}`));
  }

  console.log(`\n${summary.join("\n")}\nin ${elapsed(began)}; of consumers:\n\n${consumers.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});

/** @param {string} consumer @param {string} chromium @returns {Promise<import("./test.mjs").Tally>} */
async function used(consumer, chromium) {
  const app = NUXT[consumer];
  if (!app) return nodeTest(FOLDER, { CHROMIUM: chromium, CONSUMERS: consumer });
  return tested(chromium, { nuxt: app.nuxt, node: app.node === undefined ? process.execPath : await otherNode(app.node), in: undefined });
}

/** @param {string[]} args @returns {string[]} the consumers' names */
function chosen(args) {
  const bundlers = readdirSync(at(FOLDER, "consumers")).flatMap((file) => /^(.+)\.ts$/.exec(file)?.[1] ?? []);
  const all = [...bundlers, ...Object.keys(NUXT)];
  if (args.length === 0) return all;
  const named = args[0] === "--only" && args.length === 2 ? (args[1] ?? "").split(",") : [];
  if (named.length === 0 || !named.every((name) => all.includes(name))) throw new Failure(`usage: npm run test:packaging -- --only ${all.join(",")}`);
  return named;
}
