/**
 * Runs every test: native Rust, Rust in Chromium, TypeScript in Node, end to end in Chromium. The last line is
 * `N passed, N failed` over all layers.
 *
 *     npm test
 *     npm test -- --only native|wasm|node|e2e
 */
import { build } from "./build.mjs";
import { page } from "./build/page.mjs";
import { script } from "./lib/failure.mjs";
import { step } from "./lib/narration.mjs";
import { setup, setupBrowser } from "./setup.mjs";
import { e2e, native, node, wasm } from "./test/layers.mjs";
import { chosen, Summary } from "./test/summary.mjs";

/**
 * @typedef {object} Layer
 * @property {string} title
 * @property {boolean} package needs the built package
 * @property {boolean} page needs the demo's page
 * @property {boolean} browser needs Chromium
 * @property {(world: World) => Promise<Tally>} run
 *
 * @typedef {object} Tally what a layer's runs say about themselves
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} faults what is wrong beyond a test that failed
 *
 * @typedef {{ tools: import("./setup.mjs").Tools, browser?: import("./setup/browser.mjs").Browser }} World
 */

/** @type {Record<string, Layer>} */
const LAYERS = {
  native: { title: "Rust, natively", package: false, page: false, browser: false, run: native },
  wasm: { title: "Rust, in Chromium", package: false, page: false, browser: true, run: wasm },
  node: { title: "TypeScript, in Node", package: true, page: false, browser: false, run: node },
  e2e: { title: "End to end, in Chromium", package: true, page: true, browser: true, run: e2e },
};

await script(async (args) => {
  const layers = chosen("npm test", LAYERS, args);
  const summary = new Summary();

  const tools = layers.some((layer) => layer.package) ? await build() : await setup();
  if (layers.some((layer) => layer.page)) await page();
  const browser = layers.some((layer) => layer.browser) ? await setupBrowser() : undefined;
  const world = browser ? { tools, browser } : { tools };

  for (const layer of layers) summary.add(layer.title, await step(`Testing: ${layer.title}`, () => layer.run(world)));
  return summary.close();
});
