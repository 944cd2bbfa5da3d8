/** A crate to a WebAssembly module in `pkg/wasm/`: cargo, wasm-bindgen, wasm-opt, and a base64 twin. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { bin, CACHE, PKG } from "../lib/paths.mjs";
import { run } from "../lib/process.mjs";
import { once } from "../lib/stamp.mjs";

/**
 * @typedef {object} WasmModule
 * @property {string} name of its files in `pkg/wasm/`
 * @property {string} crate
 * @property {string} folder of the crate
 * @property {string} optimisation wasm-opt's level: the lightest makes more bytes, but such as brotli packs better (docs/SIZE.md)
 */

/** @type {WasmModule[]} */
export const MODULES = [
  { name: "client", crate: "electric-replica-client", folder: "src/client", optimisation: "-O1" },
  { name: "ddl", crate: "electric-replica-ddl", folder: "src/ddl", optimisation: "-Oz" },
];

/** What rustc puts into a module for this target unless told otherwise; all of it is in every browser since 2023. */
const FEATURES = ["bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"];

/** @param {WasmModule} module @param {import("../setup.mjs").Tools} tools */
export async function wasmModule(module, { toolchain, bindgen }) {
  const { name, crate, folder, optimisation } = module;
  const made = {
    inputs: ["Cargo.toml", "Cargo.lock", "src/core", folder, "scripts/build/wasm.mjs", "scripts/setup/wasm.mjs", "package-lock.json"],
    outputs: [`${name}.js`, `${name}.d.ts`, `${name}_bg.wasm`, `${name}_base64.js`].map((file) => `pkg/wasm/${file}`),
    salt: `${toolchain.identity} ${bindgen.version}`,
  };
  await once(`${name}.wasm`, made, async () => {
    // Of a crate that is also an rlib, cargo optimises no link (`lto`), and says nothing: ask for the cdylib alone.
    await run(toolchain.cargo("rustc", "--release", "--package", crate, "--lib", "--crate-type", "cdylib"));

    const glue = join(CACHE, "wasm", name);
    const compiled = join(toolchain.targetDir, "wasm32-unknown-unknown", "release", `${crate.replaceAll("-", "_")}.wasm`);
    rmSync(glue, { recursive: true, force: true });
    // The loader of `js/` alone knows where the module lies; a second address in the glue would be bundled twice.
    const shape = ["--target", "web", "--omit-default-module-path", "--remove-producers-section"];
    await run({ command: bindgen.bindgen, args: [compiled, ...shape, "--out-dir", glue, "--out-name", name] });

    const wasm = join(glue, `${name}_bg.wasm`);
    const features = FEATURES.map((feature) => `--enable-${feature}`);
    await run({ command: bin("wasm-opt"), args: [optimisation, ...features, wasm, "--output", wasm] });

    mkdirSync(join(PKG, "wasm"), { recursive: true });
    for (const file of [`${name}.js`, `${name}.d.ts`, `${name}_bg.wasm`, `${name}_bg.wasm.d.ts`]) {
      copyFileSync(join(glue, file), join(PKG, "wasm", file));
    }
    writeTwin(name, readFileSync(wasm));
  });
}

/** The module as text, for where a .wasm file cannot be fetched; imported only then. @param {string} name @param {Buffer} bytes */
function writeTwin(name, bytes) {
  const twin = join(PKG, "wasm", `${name}_base64`);
  writeFileSync(`${twin}.js`, `export default "${bytes.toString("base64")}";\n`);
  writeFileSync(`${twin}.d.ts`, `/** ${name}_bg.wasm in base64. */\ndeclare const base64: string;\nexport default base64;\n`);
}
