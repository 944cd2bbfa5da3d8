/**
 * Runs the browser tests in the other browsers that Debian has: the very ones of Chromium in Firefox, and the main ones of the
 * demo's page in WebKitGTK. Builds what is missing first. It takes as long as all of `npm test`, which is why that does
 * without it. The last line is `N passed, N failed` over the browsers.
 *
 *     npm run test:browsers
 *     npm run test:browsers -- --only firefox|webkit
 */
import { build } from "./build.mjs";
import { page } from "./build/page.mjs";
import { Failure, script } from "./lib/failure.mjs";
import { elapsed, step } from "./lib/narration.mjs";
import { firefox, webkit } from "./setup/browsers.mjs";
import { nodeTest } from "./test/layers.mjs";

/**
 * @typedef {object} Browser
 * @property {string} title
 * @property {() => Promise<Record<string, string>>} setup
 * @property {(env: Record<string, string>) => Promise<import("./test.mjs").Tally>} run
 */

/** @type {Record<string, Browser>} */
const BROWSERS = {
  // What needs Chromium's own protocol stands in a folder of its own.
  firefox: { title: "Firefox", setup: firefox, run: (env) => nodeTest("tests/e2e", env, { chosen: (file) => !file.startsWith("chromium/") }) },
  webkit: { title: "WebKitGTK", setup: webkit, run: (env) => nodeTest("tests/webkit", env) },
};

await script(async (args) => {
  const browsers = chosen(args);
  const began = performance.now();
  await build();
  await page();

  let passed = 0;
  let failed = 0;
  const summary = [];
  for (const browser of browsers) {
    const env = await step(`Setting up: ${browser.title}`, browser.setup);
    const tally = await step(`Testing: ${browser.title}`, () => browser.run(env));
    passed += tally.passed;
    failed += tally.failed + tally.faults.length;
    summary.push(`${browser.title}: ${tally.passed} passed, ${tally.failed} failed`, ...tally.faults.map((fault) => `  ✗ ${fault}`));
  }

  console.log(`\n${summary.join("\n")}\nin ${elapsed(began)}\n\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
});

/** @param {string[]} args @returns {Browser[]} */
function chosen(args) {
  if (args.length === 0) return Object.values(BROWSERS);
  const browser = args[0] === "--only" && args.length === 2 ? BROWSERS[args[1] ?? ""] : undefined;
  if (!browser) throw new Failure(`usage: npm run test:browsers -- --only ${Object.keys(BROWSERS).join("|")}`);
  return [browser];
}
