/** Chromium and its driver, for the tests that need a real browser. */
import { Failure } from "../lib/failure.mjs";
import { say } from "../lib/narration.mjs";
import { ask, isProgram } from "../lib/process.mjs";
import { installPackages } from "./debian.mjs";

/** @typedef {{ chromium: string, chromedriver: string }} Browser paths of the programs */

/**
 * Finds the browser, or installs Debian's. `CHROMIUM` and `CHROMEDRIVER` name others, of one version.
 *
 * @returns {Promise<Browser>}
 */
export async function browser() {
  const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const chromedriver = process.env.CHROMEDRIVER ?? "/usr/bin/chromedriver";
  if (!isProgram(chromium) || !isProgram(chromedriver)) {
    await installPackages("the tests in a browser", ["chromium", "chromium-driver"]);
  }
  for (const path of [chromium, chromedriver]) {
    if (!isProgram(path)) throw new Failure(`the tests need a browser, and ${path} is not there: set CHROMIUM and CHROMEDRIVER to your own`);
  }
  say(`browser: ${ask(chromium, "--version") ?? chromium}`);
  return { chromium, chromedriver };
}
