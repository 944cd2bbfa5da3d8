/** `js/` to JavaScript and declarations in `pkg/`. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { at, bin, PKG } from "../lib/paths.mjs";
import { run } from "../lib/process.mjs";
import { once } from "../lib/stamp.mjs";

/** What lies in `pkg/` and does not come from `js/`. */
const OTHERS = new Set([".gitignore", "README.md", "wasm"]);

export async function typescript() {
  const made = {
    // The declarations of the WebAssembly modules are part of what is type-checked.
    inputs: ["js", "tsconfig.base.json", "tsconfig.build.json", "package-lock.json", "pkg/wasm/client_bg.d.ts", "pkg/wasm/ddl.d.ts", "pkg/wasm/inspect.d.ts"],
    outputs: ["pkg/index.js", "pkg/index.d.ts"],
  };
  await once("TypeScript", made, async () => {
    for (const name of readdirSync(PKG)) {
      if (!OTHERS.has(name)) rmSync(join(PKG, name), { recursive: true });
    }
    await run({ command: bin("tsc"), args: ["--project", at("tsconfig.build.json")] });
  });
}
