/** The built package in a real page, served as plain files. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { launchBrowser } from "./support/browser.ts";
import { startServer } from "./support/server.ts";

test("the package loads in a page without a complaint", async (t) => {
  const server = await startServer(t, "tests/e2e/support/files.ts", { FOLDER: "pkg" });
  const browser = await launchBrowser(t);
  const page = await browser.open(`${server.url}/blank.html`);

  const exported = await page.evaluate(async () => Object.keys((await import(`${location.origin}/index.js`)) as object));

  assert.notDeepEqual(exported, []);
});

test("each WebAssembly module compiles in a page, from its file and from its base64 twin", async (t) => {
  const server = await startServer(t, "tests/e2e/support/files.ts", { FOLDER: "pkg" });
  const browser = await launchBrowser(t);
  const page = await browser.open(`${server.url}/blank.html`);

  for (const name of ["client", "rebuild", "ddl", "inspect"]) {
    const [file, twin] = await page.evaluate(async (name) => {
      const compiled = await WebAssembly.compileStreaming(fetch(`/wasm/${name}_bg.wasm`));
      const { default: base64 } = (await import(`${location.origin}/wasm/${name}_base64.js`)) as { default: string };
      const decoded = await WebAssembly.compile(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
      return [compiled, decoded].map((module) => JSON.stringify([WebAssembly.Module.imports(module), WebAssembly.Module.exports(module)]));
    }, name);

    assert.equal(file, twin);
  }
});
