/** The tarball as publint and "are the types wrong?" see it, and what its entries do where nobody calls anything of them. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { problemKindInfo } from "@arethetypeswrong/core/problems";
import { build as esbuild } from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { rolldown } from "rolldown";

import { pack } from "../packaging/support/installation.ts";

interface Manifest {
  sideEffects: unknown;
  exports: Record<string, string | Record<string, string>>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional?: boolean }>;
}
const manifest = JSON.parse(readFileSync("pkg/package.json", "utf8")) as Manifest;
/** The entries that are modules. */
const ENTRIES = Object.entries(manifest.exports).flatMap(([entry, target]) => (typeof target === "string" ? [] : [[entry, target] as const]));
/** Those that apps have in their pages and servers; what Nuxt loads while it builds takes Nuxt, and stays out of every bundle. */
const IN_APPS = ENTRIES.filter(([entry]) => entry !== "./nuxt");
/** What a resolution is called by "are the types wrong?" that only CommonJS and old TypeScript use. */
const NOT_FOR = ["node10", "node16-cjs"];

for (const origin of [".", "./pkg"]) {
  test(`publint finds nothing to say of what is packed from ${origin}, also when it is strict`, async (t) => {
    const { messages, pkg } = await publint({ strict: true, pack: { tarball: bufferOf(await packed(t, origin)) } });

    assert.deepEqual(messages.map((message) => formatMessage(message, pkg, { color: false })), []);
  });

  test(`the types of what is packed from ${origin} are right wherever ESM is resolved`, async (t) => {
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(await packed(t, origin)))));

    assert.ok(analysis.types);
    assert.deepEqual(Object.keys(analysis.entrypoints).sort(), Object.keys(manifest.exports).sort());
    const problems = analysis.problems.filter((problem) => !("resolutionKind" in problem && NOT_FOR.includes(problem.resolutionKind)));
    assert.deepEqual(problems.map((problem) => [problemKindInfo[problem.kind].shortDescription, problem]), []);
  });
}

test("each entry names its types first, and there is one build of it", () => {
  assert.ok(ENTRIES.length >= 4);
  for (const [entry, target] of ENTRIES) assert.deepEqual(Object.keys(target), ["types", "default"], entry);
});

test("no peer is forced on an app that does not use it", () => {
  for (const peer of Object.keys(manifest.peerDependencies)) assert.equal(manifest.peerDependenciesMeta[peer]?.optional, true, peer);
});

test("no entry does anything where it is only imported, as package.json says", () => {
  assert.equal(manifest.sideEffects, false);
  for (const [entry] of IN_APPS) {
    const done = execFileSync(process.execPath, ["--input-type=module", "--eval", watching(`electric-replica${entry.slice(1)}`)], { encoding: "utf8" });
    assert.deepEqual(JSON.parse(done), [], entry);
  }
});

/** A module that imports another, and prints what became of the world by that. */
const watching = (name: string): string => `
  const done = [];
  const watched = ["fetch", "setTimeout", "setInterval", "queueMicrotask", "addEventListener", "requestIdleCallback"];
  for (const name of watched) globalThis[name] = () => done.push(name);
  globalThis.customElements = { get: () => undefined, define: (name) => done.push("customElements.define " + name) };
  globalThis.HTMLElement = class {};
  for (const name of ["compile", "instantiate"]) WebAssembly[name] = () => done.push("WebAssembly." + name);
  ${name.endsWith("/vue") ? 'await import("vue");' : ""}
  done.length = 0;
  const before = new Set(Reflect.ownKeys(globalThis));
  await import(${JSON.stringify(name)});
  for (const key of Reflect.ownKeys(globalThis)) if (!before.has(key)) done.push("globalThis." + String(key));
  process.stdout.write(JSON.stringify(done));
`;

/** One small thing of an entry, something that only the rest of that entry has, and how many bytes it may take. */
const SMALL: [entry: string, name: string, rest: RegExp, most: number][] = [
  ["electric-replica", "replicaStartParams", /RawReplica|createReplicaManager|BroadcastChannel|customElements|\.wasm/, 400],
  ["electric-replica", "reloadReason", /RawReplica|BroadcastChannel|customElements|\.wasm/, 1_500],
  ["electric-replica", "defineMigrationBanner", /RawReplica|BroadcastChannel|\.wasm/, 16_000],
  ["electric-replica/wasm", "wasmFiles", /RawReplica|BroadcastChannel|instantiate/, 400],
  ["electric-replica/worker", "serveReplica", /RawReplica|BroadcastChannel|customElements|\.wasm/, 4_000],
  ["electric-replica/server", "manifestSource", /electricUrl|ddl_bg\.wasm/, 2_500],
];

for (const [bundler, bundle] of Object.entries({ esbuild: withEsbuild, rolldown: withRolldown })) {
  for (const [entry, name, rest, most] of SMALL) {
    test(`${bundler} keeps ${name} of ${entry}, and leaves out what it does not need`, async (t) => {
      const code = await bundle(t, `import { ${name} } from "${entry}"; globalThis.kept = ${name};`);

      assert.doesNotMatch(code, rest);
      assert.ok(code.length < most, `${code.length} bytes`);
    });
  }

  test(`${bundler} keeps nothing of an entry of which nothing is used`, async (t) => {
    for (const [entry] of IN_APPS) assert.equal((await bundle(t, `import "electric-replica${entry.slice(1)}";`)).trim(), "", entry);
  });
}

/** The code that is left of a module; the package is the one that this repository builds. */
async function withEsbuild(_t: TestContext, contents: string): Promise<string> {
  const { outputFiles } = await esbuild({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    external: ["node:*", "vue"],
    logLevel: "silent",
  });
  return outputFiles.map((file) => file.text).join("\n");
}

async function withRolldown(t: TestContext, contents: string): Promise<string> {
  const input = join(scratch(t), "main.js");
  writeFileSync(input, contents);
  const bundle = await rolldown({ input, external: [/^node:/, "vue"], resolve: { alias: aliases() } });
  const { output } = (await bundle.generate({ format: "esm", minify: true })) as { output: { code?: string }[] };
  await bundle.close();
  return output.map(({ code = "" }) => code).join("\n");
}

/** The entries by their files: a module in a temporary folder has no package beside it. */
function aliases(): Record<string, string> {
  const files = ENTRIES.map(([entry, target]): [string, string] => [`electric-replica${entry.slice(1)}$`, join(process.cwd(), "pkg", target["default"] ?? "")]);
  return Object.fromEntries(files);
}

async function packed(t: TestContext, origin: string): Promise<string> {
  return pack(scratch(t), origin);
}

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "electric-replica-publication-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

function bufferOf(path: string): ArrayBuffer {
  const bytes = readFileSync(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}
