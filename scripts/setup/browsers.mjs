/** The browsers beside Chromium that Debian has, for the tests in them. */
import { Failure } from "../lib/failure.mjs";
import { say } from "../lib/narration.mjs";
import { ask, isProgram, which } from "../lib/process.mjs";
import { installPackages } from "./debian.mjs";

/**
 * Finds Firefox, or installs Debian's. `FIREFOX` names another.
 *
 * @returns {Promise<{ TEST_FIREFOX: string }>} what the tests read of the environment
 */
export async function firefox() {
  const { FIREFOX = "/usr/bin/firefox-esr" } = process.env;
  if (!isProgram(FIREFOX)) await installPackages("the tests in Firefox", ["firefox-esr"]);
  if (!isProgram(FIREFOX)) throw new Failure(`the tests need a browser, and ${FIREFOX} is not there: set FIREFOX to your own`);
  say(`browser: ${ask(FIREFOX, "--version") ?? FIREFOX}`);
  return { TEST_FIREFOX: FIREFOX }; // not by the name that a person may have set for good: `npm test` is in Chromium
}

/**
 * Finds WebKitGTK's driver with the browser beside it, and a display to open it on, or installs Debian's. `WEBKIT` and
 * `WEBKIT_DRIVER` name others, of one version.
 *
 * @returns {Promise<{ WEBKIT: string, WEBKIT_DRIVER: string }>} what the tests read of the environment
 */
export async function webkit() {
  const { WEBKIT = `/usr/lib/${triplet()}/webkit2gtk-4.1/MiniBrowser`, WEBKIT_DRIVER = "/usr/bin/WebKitWebDriver" } = process.env;
  if (!isProgram(WEBKIT) || !isProgram(WEBKIT_DRIVER) || !which("Xvfb")) {
    await installPackages("the tests in WebKitGTK", ["webkit2gtk-driver", "xvfb"]);
  }
  for (const path of [WEBKIT, WEBKIT_DRIVER]) {
    if (!isProgram(path)) throw new Failure(`the tests need a browser, and ${path} is not there: set WEBKIT and WEBKIT_DRIVER to your own`);
  }
  say(`browser: WebKitGTK ${ask("dpkg-query", "--show", "--showformat=${Version}", "webkit2gtk-driver") ?? WEBKIT}`);
  return { WEBKIT, WEBKIT_DRIVER };
}

/** What Debian calls this machine's kind. */
const triplet = () => (process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu");
