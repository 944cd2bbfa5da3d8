/**
 * Makes `pkg/`, the npm package: the WebAssembly modules, the TypeScript, the DevTools page, and the files npm wants beside them.
 * What has not changed is not made again.
 *
 *     npm run build
 */
import { pathToFileURL } from "node:url";

import { devtools } from "./build/devtools.mjs";
import { publication } from "./build/publication.mjs";
import { typescript } from "./build/typescript.mjs";
import { MODULES, wasmModule } from "./build/wasm.mjs";
import { script } from "./lib/failure.mjs";
import { step } from "./lib/narration.mjs";
import { setup } from "./setup.mjs";

/** @returns {Promise<import("./setup.mjs").Tools>} the tools it was built with */
export async function build() {
  const tools = await setup();
  for (const module of MODULES) await step(`Building ${module.crate} to WebAssembly`, () => wasmModule(module, tools));
  await step("Building the TypeScript", typescript);
  await step("Building the DevTools page", devtools);
  await step("Writing the package", publication);
  return tools;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await script(async () => void (await build()));
