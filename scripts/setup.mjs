/**
 * Brings a machine to where everything builds. What is already there is left alone.
 *
 *     node scripts/setup.mjs [--browser]
 */
import { pathToFileURL } from "node:url";

import { Failure, script } from "./lib/failure.mjs";
import { step } from "./lib/narration.mjs";
import { ask } from "./lib/process.mjs";
import { wasmBindgen } from "./setup/bindgen.mjs";
import { browser } from "./setup/browser.mjs";
import { npmPackages } from "./setup/packages.mjs";
import { wasmToolchain } from "./setup/wasm.mjs";

/** @typedef {{ toolchain: import("./setup/wasm.mjs").WasmToolchain, bindgen: import("./setup/bindgen.mjs").Bindgen }} Tools */

/** @returns {Promise<Tools>} */
export function setup() {
  return step("Setting up", async () => {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    if (major < 20 || (major === 20 && minor < 19)) throw new Failure(`Node 20.19 or newer is needed; this is ${process.version}`);
    if (!ask("cargo", "--version")) throw new Failure("Rust is needed, and there is no working cargo on PATH: install it from https://rustup.rs, then try again");
    await npmPackages();
    return { toolchain: await wasmToolchain(), bindgen: await wasmBindgen() };
  });
}

export const setupBrowser = () => step("Setting up a browser", browser);

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await script(async (args) => {
    await setup();
    if (args.includes("--browser")) await setupBrowser();
  });
}
