/**
 * Checks what needs no run: layout, lints and types, of the Rust and of the TypeScript. Every check runs, whatever fails.
 *
 *     npm run check
 */
import { existsSync } from "node:fs";

import { build } from "./build.mjs";
import { Failure, script } from "./lib/failure.mjs";
import { step } from "./lib/narration.mjs";
import { at, bin } from "./lib/paths.mjs";
import { ask, run } from "./lib/process.mjs";

const STRICT = ["--", "-D", "warnings"];
const FUZZER = at("tests", "fuzz", "engine", "Cargo.toml");

await script(async () => {
  // The types of www/ and tests/ are those of the built package.
  const { toolchain } = await build();

  /** @type {[string, () => Promise<void>][]} */
  const checks = [
    ["rustfmt", () => run({ command: "cargo", args: ["fmt", "--all", "--check"] })],
    ["clippy", () => run({ command: "cargo", args: ["clippy", "--workspace", "--all-targets", ...STRICT] })],
    ["clippy, the browser module for wasm32", () => run(toolchain.cargo("clippy", "--all-targets", "--package", "electric-replica-client", ...STRICT))],
    // Its tests are native: what they are made with does not build for wasm32.
    ["clippy, the SQL module for wasm32", () => run(toolchain.cargo("clippy", "--lib", "--package", "electric-replica-ddl", ...STRICT))],
    ["clippy, the inspection module for wasm32", () => run(toolchain.cargo("clippy", "--lib", "--package", "electric-replica-inspect", ...STRICT))],
    ["TypeScript's types", () => run({ command: bin("tsc"), args: ["--project", at("tsconfig.json")] })],
    ["eslint", () => run({ command: bin("eslint"), args: ["--max-warnings", "0", "."] })],
    ["the lock file names no registry", lockFile],
    // It is built by `npm run fuzz` alone, and is no member of the workspace: nothing else would tell.
    ["the fuzzer's lock file", () => run({ command: "cargo", args: ["fetch", "--quiet", "--locked", "--manifest-path", FUZZER] })],
  ];

  const failed = [];
  for (const [name, check] of checks) {
    try {
      await step(`Checking: ${name}`, check);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      process.stderr.write(`  ✗ ${error.message}\n`);
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new Failure(`${failed.length} of ${checks.length} checks failed: ${failed.join(" · ")}`);
  console.log(`\nall ${checks.length} checks passed`);
});

async function lockFile() {
  if (!existsSync(at("package-lock.json"))) throw new Failure("package-lock.json is missing");
  const resolved = ask("grep", "--count", '"resolved": "http', "package-lock.json");
  if (resolved) throw new Failure(`package-lock.json names a registry ${resolved} times: run npm install with this repository's .npmrc`);
}
