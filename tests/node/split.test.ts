/** Taking a WebAssembly module apart: what is behind a gate is in the second half, and the whole still does what it did. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { shorten } from "../../scripts/build/names.mjs";
import { split } from "../../scripts/build/split.mjs";
import { trapping } from "../../js/traps.ts";

const SOURCE = `(module
 (type $unary (func (param i32) (result i32)))
 (import "./glue.js" "__wbg_log_0123456789abcdef" (func $log (param i32)))
 (memory $0 1)
 (global $depth (mut i32) (i32.const 40))
 (table $0 2 2 funcref)
 (elem $0 (table $0) (i32.const 1) func $"a[0123456789abcdef]::task")
 (export "memory" (memory $0))
 (export "everyday" (func $everyday))
 (export "migrate" (func $migrate))
 (export "poll" (func $poll))
 (func $everyday (param $0 i32) (result i32)
  (call $shared (local.get $0))
 )
 (func $migrate (param $0 i32) (result i32)
  (i32.add (call $"a[0123456789abcdef]::gate" (local.get $0)) (i32.const 1))
 )
 (func $poll (param $0 i32) (result i32)
  (call_indirect $0 (type $unary) (local.get $0) (i32.const 1))
 )
 (func $shared (param $0 i32) (result i32)
  (call $log (local.get $0))
  (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
  (i32.mul (local.get $0) (i32.const 2))
 )
 (func $"a[0123456789abcdef]::gate" (param $0 i32) (result i32)
  (call $helper (call $shared (local.get $0)))
 )
 (func $helper (param $0 i32) (result i32)
  (i32.add (global.get $depth) (local.get $0))
 )
 (func $"a[0123456789abcdef]::task" (param $0 i32) (result i32)
  (call $helper (i32.const 0))
 )
)`;

test("what is behind a gate is reached once the second half is loaded, over one memory and one state", async (t) => {
  const parts = split(shorten(listing(t, SOURCE), "", "./glue.js").wat, [/^a::gate$/, /^a::task$/]);
  assert.equal(parts.moved, 3, "the gate, the task, and what only they call");
  const logged: number[] = [];
  const first = await instance(t, parts.first, { "./glue.js": { _0: (value: number) => logged.push(value) } });
  const call = (name: string, value: number) => (first[`_${name}`] as (value: number) => number)(value);

  assert.equal(call("1", 4), 8, "what is not behind a gate needs no second half");
  for (const gated of ["2", "3"]) assert.throws(() => call(gated, 4), WebAssembly.RuntimeError);
  await instance(t, parts.second, { first });
  assert.equal(call("2", 4), 8 + 42 + 1, "called through the gate: twice the argument, the depth, and one");
  assert.equal(call("3", 4), 42, "called through the table");
  assert.deepEqual(logged, [4, 4]);
});

test("the second half of another build does not link", async (t) => {
  const halves = (source: string) => split(shorten(listing(t, source), "", "./glue.js").wat, [/^a::gate$/]);
  const other = SOURCE.replace("(i32.const 2)", "(i32.const 3)");
  const first = await instance(t, halves(SOURCE).first, { "./glue.js": { _0: () => undefined } });

  await assert.rejects(instance(t, halves(other).second, { first }), WebAssembly.LinkError);
  await instance(t, halves(SOURCE).second, { first });
});

test("a gate that is no function stops the build: what is behind it would silently stay", () => {
  assert.throws(() => split(SOURCE, [/^a::gate$/, /^a::renamed$/]), /no function is .*renamed/);
});

test("both sides of a module get the same short names, and the loader's own stay", () => {
  const glue = "export function __wbg_log_0123456789abcdef(x) { wasm.everyday(x); wasm.memory; } export function other() {}";
  const { wat, glue: short } = shorten(SOURCE, glue, "./glue.js");

  assert.equal(short, "export function _0(x) { wasm._1(x); wasm.memory; } export function other() {}");
  assert.match(wat, /\(import ".\/glue.js" "_0"/);
  assert.match(wat, /\(export "_1" \(func \$everyday\)\)/);
  assert.match(wat, /\(export "memory"/);
});

test("a trap is told of and goes on to its caller; what JavaScript throws is not a trap", async (t) => {
  const exports = await instance(
    t,
    '(module (import "js" "throw" (func $throw)) (func (export "trap") unreachable) (func (export "throw") (call $throw)) (func (export "fine") (result i32) (i32.const 7)))',
    { js: { throw: () => { throw new Error("of JavaScript"); } } },
  );
  const told: unknown[] = [];
  const watched = trapping(exports, (trap) => told.push(trap)) as Record<string, () => unknown>;

  assert.equal(watched.fine?.(), 7);
  assert.throws(() => watched.throw?.(), /of JavaScript/);
  assert.equal(told.length, 0);
  assert.throws(() => watched.trap?.(), WebAssembly.RuntimeError);
  assert.equal(told.length, 1);
});

test("a module that has trapped is called no more, and tells of it once", async (t) => {
  const told: unknown[] = [];
  let outer: Record<string, () => unknown> = {};
  const exports = await instance(
    t,
    '(module (import "js" "again" (func $again)) (func (export "trap") unreachable) (func (export "nested") (call $again)) (func (export "fine") (result i32) (i32.const 7)))',
    { js: { again: () => void outer.trap?.() } },
  );
  outer = trapping(exports, (trap) => told.push(trap)) as Record<string, () => unknown>;

  assert.throws(() => outer.nested?.(), WebAssembly.RuntimeError);
  for (const name of ["fine", "trap"]) assert.deepEqual(outer[name]?.(), []);
  assert.equal(told.length, 1);
});

/** The text as wasm-dis writes it. */
function listing(t: TestContext, text: string): string {
  const file = assembled(t, text);
  execFileSync("node_modules/.bin/wasm-dis", [file, "--output", `${file}.wat`]);
  return readFileSync(`${file}.wat`, "utf8");
}

async function instance(t: TestContext, text: string, imports: WebAssembly.Imports): Promise<WebAssembly.Exports> {
  const started = await WebAssembly.instantiate(readFileSync(assembled(t, text)), imports);
  return started.instance.exports;
}

function assembled(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "electric-replica-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, "module.wat"), text);
  const file = join(folder, "module.wasm");
  execFileSync("node_modules/.bin/wasm-opt", ["--debuginfo", join(folder, "module.wat"), "--output", file]);
  return file;
}
