/**
 * Weighs what a page downloads, brotli-compressed as a server would send it. Fails when the client is over its budget.
 *
 *     npm run size
 */
import { existsSync, readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

import { build } from "./build.mjs";
import { Failure, script } from "./lib/failure.mjs";
import { at } from "./lib/paths.mjs";

/** Bytes. */
const BUDGET = 60_000;
const WEIGHED = ["client_bg.wasm", "client_bg.js", "rebuild_bg.wasm", "ddl_bg.wasm", "ddl.js", "inspect_bg.wasm", "inspect.js"];

await script(async () => {
  await build();

  const sizes = new Map(WEIGHED.map((file) => [file, weigh(at("pkg", "wasm", file))]));
  console.log("\nfile              raw bytes   brotli bytes");
  for (const [file, { raw, brotli }] of sizes) console.log(`${file.padEnd(16)}${format(raw, 11)}${format(brotli, 15)}`);

  const client = sizes.get("client_bg.wasm")?.brotli ?? Infinity;
  if (client > BUDGET) throw new Failure(`client_bg.wasm is ${format(client)} bytes, ${format(client - BUDGET)} over its budget of ${format(BUDGET)}`);
  console.log(`\nclient_bg.wasm is within its budget of ${format(BUDGET)} bytes, with ${format(BUDGET - client)} to spare`);
});

/** @param {string} path */
function weigh(path) {
  if (!existsSync(path)) throw new Failure(`${path} was not built`);
  const bytes = readFileSync(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return { raw: bytes.length, brotli: brotliCompressSync(bytes, { params }).length };
}

/** @param {number} bytes @param {number} [width] */
function format(bytes, width = 0) {
  return bytes.toLocaleString("en").padStart(width);
}
