/** A crate to a WebAssembly module in `pkg/wasm/`: cargo, wasm-bindgen, wasm-opt, and a base64 twin. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { bin, CACHE, PKG } from "../lib/paths.mjs";
import { run } from "../lib/process.mjs";
import { once } from "../lib/stamp.mjs";
import { without } from "./binary.mjs";
import { GATES } from "./gates.mjs";
import { shorten } from "./names.mjs";
import { references, renamed } from "./references.mjs";
import { split } from "./split.mjs";

/**
 * @typedef {object} WasmModule
 * @property {string} name of its files in `pkg/wasm/`
 * @property {string} crate
 * @property {string} folder of the crate
 * @property {string} optimisation wasm-opt's level: the lightest makes more bytes, but such as brotli packs better (docs/SIZE.md), and of no function a part of another, which splitting needs
 * @property {string} [second] the name of what is split off and loaded when it is needed
 */

/** @type {WasmModule[]} */
export const MODULES = [
  { name: "client", crate: "electric-replica-client", folder: "src/client", optimisation: "-O1", second: "rebuild" },
  { name: "ddl", crate: "electric-replica-ddl", folder: "src/ddl", optimisation: "-O1" },
  { name: "inspect", crate: "electric-replica-inspect", folder: "src/inspect", optimisation: "-O1" },
];

/** What rustc puts into a module for this target unless told otherwise; all of it is in every browser since 2023. */
const FEATURES = ["bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"];

/** Has the linker tell what refers to what, and in which sections it does. */
const TELLING = ["--", "-C", "link-arg=--emit-relocs"];
const LINKING = /^(linking|reloc\..*)$/;

/** @param {WasmModule} module @param {import("../setup.mjs").Tools} tools */
export async function wasmModule(module, { toolchain, bindgen }) {
  const { name, crate, folder, second } = module;
  const outputs = second
    ? [`${name}_bg.js`, `${name}_bg.d.ts`, `${name}_bg.wasm`, `${name}_base64.js`, `${second}_bg.wasm`, `${second}_base64.js`]
    : [`${name}.js`, `${name}.d.ts`, `${name}_bg.wasm`, `${name}_base64.js`];
  const made = {
    inputs: ["Cargo.toml", "Cargo.lock", "src/core", folder, "scripts/build", "scripts/setup/wasm.mjs", "package-lock.json"],
    outputs: outputs.map((file) => `pkg/wasm/${file}`),
    salt: `${toolchain.identity} ${bindgen.version}`,
  };
  await once(`${name}.wasm`, made, async () => {
    // Of a crate that is also an rlib, cargo optimises no link (`lto`), and says nothing: ask for the cdylib alone.
    await run(toolchain.release("rustc", "--release", "--package", crate, "--lib", "--crate-type", "cdylib", ...(second ? TELLING : [])));

    const glue = join(CACHE, "wasm", name);
    const compiled = join(toolchain.targetDir, "wasm32-unknown-unknown", "release", `${crate.replaceAll("-", "_")}.wasm`);
    rmSync(glue, { recursive: true, force: true });
    mkdirSync(join(PKG, "wasm"), { recursive: true });
    const bind = (/** @type {string} */ from, /** @type {string} */ folder, /** @type {string[]} */ ...options) =>
      run({ command: bindgen.bindgen, args: [from, ...options, "--remove-producers-section", "--out-dir", folder, "--out-name", name] });
    if (second) {
      await inTwo({ ...module, second }, compiled, glue, bind);
    } else {
      // The loader of `js/` alone knows where the modules lie; a second address in the glue would be bundled twice.
      await bind(compiled, glue, "--target", "web", "--omit-default-module-path");
      await inOne(module, glue);
    }
  });
}

/** @param {WasmModule} module @param {string} glue the folder of what wasm-bindgen wrote */
async function inOne({ name, optimisation }, glue) {
  const wasm = join(glue, `${name}_bg.wasm`);
  await optimise(wasm, wasm, optimisation);
  for (const file of [`${name}.js`, `${name}.d.ts`, `${name}_bg.wasm`, `${name}_bg.wasm.d.ts`]) {
    copyFileSync(join(glue, file), join(PKG, "wasm", file));
  }
  writeTwin(name, readFileSync(wasm));
}

/**
 * What every page needs, and what is loaded when something is to be rebuilt. js/client.ts starts both by itself, so that
 * of the glue only the functions are taken that the module imports and exports.
 *
 * @param {WasmModule & { second: string }} module @param {string} compiled @param {string} glue the folder for what wasm-bindgen writes
 * @param {(from: string, folder: string, ...options: string[]) => Promise<void>} bind calls wasm-bindgen
 */
async function inTwo({ name, second, optimisation }, compiled, glue, bind) {
  const module = readFileSync(compiled);
  const linked = join(glue, "linked.wasm");
  mkdirSync(glue, { recursive: true });
  writeFileSync(linked, without(module, LINKING));
  const plain = join(glue, "plain");
  await bind(linked, plain, "--target", "bundler", "--no-demangle");
  await bind(linked, glue, "--target", "bundler");
  const bound = (/** @type {string} */ folder) => readFileSync(join(folder, `${name}_bg.wasm`));
  const told = renamed(references(module), bound(plain), bound(glue));

  const whole = join(glue, "whole.wasm");
  await optimise(join(glue, `${name}_bg.wasm`), whole, optimisation, "--debuginfo");
  const listing = join(glue, "whole.wat");
  await run({ command: bin("wasm-dis"), args: [...features(), whole, "--output", listing] });
  const { wat: short, glue: script } = shorten(readFileSync(listing, "utf8"), readFileSync(join(glue, `${name}_bg.js`), "utf8"), `./${name}_bg.js`);
  const parts = split(short, GATES, told);

  for (const [part, text] of /** @type {const} */ ([[name, parts.first], [second, parts.second]])) {
    const source = join(glue, `${part}.wat`);
    const wasm = join(PKG, "wasm", `${part}_bg.wasm`);
    writeFileSync(source, text);
    await optimise(source, wasm, "--remove-unused-module-elements", "--rse", "--vacuum", "--strip-debug", "--strip-producers");
    writeTwin(part, readFileSync(wasm));
  }
  writeFileSync(join(PKG, "wasm", `${name}_bg.js`), script);
  const declarations = readFileSync(join(glue, `${name}.d.ts`), "utf8");
  const set = "/** Says where the functions below are; before that, none of them may be called. */\nexport function __wbg_set_wasm(exports: WebAssembly.Exports): void;\n";
  writeFileSync(join(PKG, "wasm", `${name}_bg.d.ts`), `${declarations}\n${set}`);
}

const features = () => FEATURES.map((feature) => `--enable-${feature}`);

/** @param {string} from @param {string} to @param {string[]} passes */
const optimise = (from, to, ...passes) => run({ command: bin("wasm-opt"), args: [...features(), from, ...passes, "--output", to] });

/** The module as text, for where a .wasm file cannot be fetched; imported only then. @param {string} name @param {Buffer} bytes */
function writeTwin(name, bytes) {
  const twin = join(PKG, "wasm", `${name}_base64`);
  writeFileSync(`${twin}.js`, `export default "${bytes.toString("base64")}";\n`);
  writeFileSync(`${twin}.d.ts`, `/** ${name}_bg.wasm in base64. */\ndeclare const base64: string;\nexport default base64;\n`);
}
