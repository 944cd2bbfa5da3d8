/**
 * The compiler for wasm32. rustup's target is the ordinary way; where rustup can fetch nothing, Debian's own compiler
 * builds the same thing, with a standard library built from Debian's source of it.
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { Failure } from "../lib/failure.mjs";
import { say } from "../lib/narration.mjs";
import { at, ROOT } from "../lib/paths.mjs";
import { ask, isProgram, runQuietly, which } from "../lib/process.mjs";
import { hasDebian, installPackages, missingPackages } from "./debian.mjs";

const TARGET = "wasm32-unknown-unknown";
const DEBIAN_COMPILER = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy"];

/** How Debian's compiler builds the standard library: `optimize_for_size` takes smaller sorting and formatting. */
const STANDARD_LIBRARY = ["-Z", "build-std=std,panic_abort", "-Z", "build-std-features=optimize_for_size"];

/**
 * @typedef {object} WasmToolchain
 * @property {string} says which one it is, for people
 * @property {string} identity changes whenever what it builds may change
 * @property {string} targetDir where its artifacts lie: two compilers reject each other's (E0514)
 * @property {(subcommand: string, ...args: string[]) => import("../lib/process.mjs").Call} cargo
 * @property {(subcommand: string, ...args: string[]) => import("../lib/process.mjs").Call} release builds what is published
 */

/**
 * Finds a toolchain that builds for wasm32, or installs one.
 *
 * @returns {Promise<WasmToolchain>}
 */
export async function wasmToolchain() {
  const toolchain = (await present()) ?? (await fromRustup()) ?? (await fromDebian());
  say(`wasm toolchain: ${toolchain.says}`);
  return toolchain;
}

async function present() {
  if (hasTarget()) return ordinary();
  return missingPackages(DEBIAN_COMPILER).length === 0 && isProgram(linker()) ? debian() : undefined;
}

async function fromRustup() {
  // With RUSTUP_AUTO_INSTALL=0 the machine says that rustup has to live with what is there.
  if (!which("rustup") || process.env.RUSTUP_AUTO_INSTALL === "0") return undefined;
  try {
    say(`adding the wasm target: rustup target add ${TARGET}`);
    await runQuietly("adding the wasm target", { command: "rustup", args: ["target", "add", TARGET] });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    say("rustup could not fetch it; Debian's compiler instead");
  }
  return hasTarget() ? ordinary() : undefined;
}

async function fromDebian() {
  if (!hasDebian()) {
    throw new Failure(
      `building for ${TARGET} needs that target, and it could not be added here. Run \`rustup target add ${TARGET}\` where rustup may fetch, then try again`,
    );
  }
  await installPackages("building for wasm32", DEBIAN_COMPILER);
  await installPackages("linking for wasm32", [`lld-${llvm()}`]);
  return debian();
}

function hasTarget() {
  const libraries = ask("rustc", "--print", "target-libdir", "--target", TARGET);
  return libraries !== undefined && existsSync(libraries);
}

/** @returns {WasmToolchain} */
function ordinary() {
  const targetDir = at("target-wasm", "rustup");
  /** @type {WasmToolchain["cargo"]} */
  const cargo = (subcommand, ...args) => ({
    command: "cargo",
    args: [subcommand, "--target", TARGET, "--target-dir", targetDir, ...args],
    env: { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: flags() },
  });
  return {
    says: `the rustc on PATH, with its own ${TARGET} target`,
    identity: `ordinary ${ask("rustc", "-vV")}`,
    targetDir,
    cargo,
    release: cargo,
  };
}

/** @returns {WasmToolchain} */
function debian() {
  const targetDir = at("target-wasm", "debian");
  /** @type {(rustflags: string) => WasmToolchain["cargo"]} */
  const cargo = (rustflags) => (subcommand, ...args) => ({
    // Called by its own path: by way of PATH, `cargo clippy` could become another compiler's.
    command: subcommand === "clippy" ? "/usr/bin/cargo-clippy" : "/usr/bin/cargo",
    args: [subcommand, ...STANDARD_LIBRARY, "--target", TARGET, "--target-dir", targetDir, ...args],
    env: {
      PATH: `/usr/bin:${process.env.PATH ?? ""}`,
      CARGO: "/usr/bin/cargo",
      RUSTC: "/usr/bin/rustc",
      RUSTC_BOOTSTRAP: "1",
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: linker(),
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: rustflags,
    },
  });
  return {
    says: "Debian's rustc-web, building its own standard library (-Z build-std)",
    identity: `debian ${ask("/usr/bin/rustc", "-vV")} ${STANDARD_LIBRARY.join(" ")}`,
    targetDir,
    cargo: cargo(flags()),
    // A panic is a trap and says nothing: js/traps.ts notices it. Takes a standard library that was built so as well.
    release: cargo(`${flags()} -Zunstable-options -Cpanic=immediate-abort`),
  };
}

/** No path of the machine that built it belongs in what is published: panics carry file names. */
function flags() {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), ".cargo");
  return `--remap-path-prefix=${cargoHome}=cargo --remap-path-prefix=${ROOT}=.`;
}

/** The linker has to be of the LLVM that rustc was built with. */
const llvm = () => ask("/usr/bin/rustc", "-vV")?.match(/^LLVM version: (\d+)/m)?.[1];
const linker = () => `/usr/bin/wasm-ld-${llvm()}`;
