/** wasm-bindgen's command-line tools, of exactly the version that Cargo.toml pins for the crate. */
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

import { Failure } from "../lib/failure.mjs";
import { say } from "../lib/narration.mjs";
import { at, CACHE } from "../lib/paths.mjs";
import { ask, isProgram, runQuietly, which } from "../lib/process.mjs";

/** @typedef {{ version: string, bindgen: string, testRunner: string }} Bindgen paths of the tools */

/** @returns {Promise<Bindgen>} */
export async function wasmBindgen() {
  const version = pinnedVersion();
  const own = join(CACHE, "tools", "bin");
  const onPath = which("wasm-bindgen");
  const found = [own, ...(onPath ? [dirname(onPath)] : [])].find((folder) => isComplete(folder, version));
  if (found) return toolsIn(found, version);

  say(`building wasm-bindgen-cli ${version} from source: takes some minutes, once`);
  await install(version);
  if (!isComplete(own, version)) throw new Failure(`wasm-bindgen-cli ${version} was installed, but does not run: look at .cache/tools/bin`);
  return toolsIn(own, version);
}

/** @param {string} version */
async function install(version) {
  const target = join(CACHE, "tools-target");
  const install = ["install", "wasm-bindgen-cli", "--version", version, "--root", join(CACHE, "tools"), "--target-dir", target];
  const call = (/** @type {string[]} */ ...more) => ({
    command: "cargo",
    args: [...install, ...more],
    env: { CARGO_PROFILE_RELEASE_OPT_LEVEL: "1", CARGO_PROFILE_RELEASE_DEBUG: "0" }, // built sooner; it runs for a second at most
  });
  try {
    await runQuietly("building wasm-bindgen-cli", call("--locked"));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    say("its lock file asks for something this registry does not have; taking compatible versions instead");
    await runQuietly("building wasm-bindgen-cli", call());
  }
  rmSync(target, { recursive: true, force: true });
}

function pinnedVersion() {
  const version = readFileSync(at("Cargo.toml"), "utf8").match(/^wasm-bindgen = "=([^"]+)"/m)?.[1];
  if (!version) throw new Failure('reading Cargo.toml: it pins no wasm-bindgen version (a line `wasm-bindgen = "=x.y.z"`)');
  return version;
}

/** @param {string} folder @param {string} version */
const isComplete = (folder, version) =>
  ask(join(folder, "wasm-bindgen"), "--version") === `wasm-bindgen ${version}` && isProgram(join(folder, "wasm-bindgen-test-runner"));

/** @param {string} folder @param {string} version @returns {Bindgen} */
const toolsIn = (folder, version) => ({ version, bindgen: join(folder, "wasm-bindgen"), testRunner: join(folder, "wasm-bindgen-test-runner") });
