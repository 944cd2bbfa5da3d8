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
import { script } from "./lib/failure.mjs";
import { step } from "./lib/narration.mjs";
import { firefox, webkit } from "./setup/browsers.mjs";
import { nodeTest } from "./test/layers.mjs";
import { chosen, Summary } from "./test/summary.mjs";

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
  const browsers = chosen("npm run test:browsers", BROWSERS, args);
  const summary = new Summary();
  await build();
  await page();
  for (const { title, setup, run } of browsers) {
    const env = await step(`Setting up: ${title}`, setup);
    summary.add(title, await step(`Testing: ${title}`, () => run(env)));
  }
  return summary.close();
});
