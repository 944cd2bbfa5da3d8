/** The four layers of tests, each run with its own tool. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";

import { say } from "../lib/narration.mjs";
import { at, CACHE, ROOT } from "../lib/paths.mjs";
import { watch } from "../lib/process.mjs";
import { filesBelow } from "../lib/stamp.mjs";
import { rustTally } from "./rust-tally.mjs";

/** @typedef {import("../test.mjs").World} World */
/** @typedef {import("../test.mjs").Tally} Tally */

const BROWSER_CRATE = "electric-replica-client";
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"];

/** @returns {Promise<Tally>} */
export const native = () => cargoTest({ command: "cargo", args: ["test", "--workspace", "--no-fail-fast"] });

/** @param {World} world @returns {Promise<Tally>} */
export async function wasm({ tools: { toolchain, bindgen }, browser }) {
  const files = filesBelow(at("src", "client", "tests")).filter((file) => file.endsWith(".rs"));
  if (files.length === 0 || !browser) return none("src/client/tests holds no test");

  const webdriver = join(CACHE, "webdriver.json");
  writeFileSync(webdriver, JSON.stringify({ "goog:chromeOptions": { binary: browser.chromium, args: FLAGS } }));
  const call = toolchain.cargo("test", "--no-fail-fast", "--package", BROWSER_CRATE, "--lib", "--", "--nocapture");
  const env = {
    ...call.env,
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: bindgen.testRunner,
    CHROMEDRIVER: browser.chromedriver,
    WASM_BINDGEN_TEST_WEBDRIVER_JSON: webdriver,
    WASM_BINDGEN_TEST_DRIVER_TIMEOUT: "60", // seconds; a busy machine takes more than the runner's 5 to start the driver
  };
  return cargoTest({ ...call, env });
}

/** @returns {Promise<Tally>} */
export const node = () => nodeTest("tests/node", {}, { atOnce: availableParallelism() });

/** @param {World} world @returns {Promise<Tally>} */
export const e2e = ({ browser }) => nodeTest("tests/e2e", { CHROMIUM: browser?.chromium ?? "" });

/** @param {Record<string, string>} env @returns {Promise<Tally>} */
export const nuxt = (env) => nodeTest("tests/nuxt", env);

/** @param {import("../lib/process.mjs").Call} call @returns {Promise<Tally>} */
async function cargoTest(call) {
  const tally = rustTally();
  const code = await watch(call, (line) => {
    console.log(line);
    tally.read(line);
  });
  return tally.close(code);
}

/**
 * Runs the tests of a folder in Node.
 *
 * @param {string} folder
 * @param {Record<string, string>} env
 * @param {object} [how]
 * @param {(file: string) => boolean} [how.chosen] which of its files; all when absent
 * @param {number} [how.atOnce] so many files at a time; a browser wants the machine for itself
 * @returns {Promise<Tally>}
 */
export async function nodeTest(folder, env, { chosen = () => true, atOnce = 1 } = {}) {
  const files = filesBelow(at(folder)).filter((file) => file.endsWith(".test.ts") && chosen(relative(at(folder), file)));
  if (files.length === 0) return none(`${folder} holds no test`);

  const result = join(CACHE, "node-tally.json");
  mkdirSync(CACHE, { recursive: true });
  rmSync(result, { force: true });
  const reporters = [
    ["--test-reporter=spec", "--test-reporter-destination=stdout"],
    [`--test-reporter=${pathToFileURL(at("scripts/test/node-tally.mjs")).href}`, `--test-reporter-destination=${result}`],
  ];
  const args = ["--import", "tsx", "--test", `--test-concurrency=${atOnce}`, ...reporters.flat(), ...files.map((file) => relative(ROOT, file))];
  const code = await watch({ command: process.execPath, args, env }, (line) => console.log(line));

  if (!existsSync(result)) return { passed: 0, failed: 0, faults: [`node --test ended with exit code ${code} and without a result`] };
  /** @type {Tally} */
  const tally = JSON.parse(readFileSync(result, "utf8"));
  if (code !== 0 && tally.failed + tally.faults.length === 0) tally.faults.push(`node --test ended with exit code ${code}`);
  if (tally.passed + tally.failed === 0) tally.faults.push(`${folder} holds ${files.length} files, and no test ran`);
  return tally;
}

/** @param {string} why @returns {Tally} */
function none(why) {
  say(why);
  return { passed: 0, failed: 0, faults: [] };
}
