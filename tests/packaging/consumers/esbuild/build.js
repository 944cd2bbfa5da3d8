import { cpSync } from "node:fs";
import { build } from "esbuild";

await build({
  entryPoints: ["main.js"],
  bundle: true,
  splitting: true,
  format: "esm",
  minify: true,
  outdir: "dist",
  external: ["node:module"], // PGlite asks for it in Node alone
});

// esbuild leaves `new URL(…, import.meta.url)` as it is: the files have to be where that points to.
for (const file of ["client_bg.wasm", "rebuild_bg.wasm", "ddl_bg.wasm"]) cpSync(`node_modules/electric-replica/wasm/${file}`, `dist/wasm/${file}`);
for (const file of ["pglite.data", "pglite.wasm", "initdb.wasm"]) cpSync(`node_modules/@electric-sql/pglite/dist/${file}`, `dist/${file}`);
