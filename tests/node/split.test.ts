/** Taking a WebAssembly module apart: what is behind a gate is in the second half, and the whole still does what it did. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { shorten } from "../../scripts/build/names.mjs";
import { alike } from "../../scripts/build/order.mjs";
import { references } from "../../scripts/build/references.mjs";
import type { Datum, References } from "../../scripts/build/references.mjs";
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

/**
 * Of the data, `everyday` reads four letters, `gate` other four, the last two of which `everyday` has an address of; in the table
 * are what `everyday` takes from it, what only `gate` does, and what nobody does any more.
 */
const TEXTS = `(module
 (memory $0 1)
 (table $0 4 4 funcref)
 (elem $0 (table $0) (i32.const 1) func $near $far $dead)
 (data $0 (i32.const 32) "nearfarsvary")
 (type $read (func (result i32)))
 (export "memory" (memory $0))
 (export "everyday" (func $everyday))
 (export "migrate" (func $migrate))
 (export "shim" (func $shim))
 (func $everyday (result i32)
  (i32.add (call_indirect $0 (type $read) (i32.const 1)) (i32.load8_u offset=18 (i32.mul (memory.size) (i32.const 20))))
 )
 (func $migrate (result i32)
  (call $gate)
 )
 (func $gate (result i32)
  (i32.add (call_indirect $0 (type $read) (i32.const 2)) (i32.load offset=36 (i32.const 0)))
 )
 (func $shim (result i32)
  (i32.const 4)
 )
 (func $near (result i32)
  (i32.load offset=20 (i32.mul (memory.size) (i32.const 12)))
 )
 (func $far (result i32)
  (i32.const 0)
 )
 (func $dead (result i32)
  (i32.const 5)
 )
)`;

/** As references.mjs reads it from what the linker wrote of such a module. */
function told(): References {
  const constant = (start: number, end: number): Datum => ({ start, end, constant: true, data: [], slots: [] });
  const [near, fars, tail, vary] = [constant(32, 36), constant(36, 40), constant(38, 40), { ...constant(40, 44), constant: false }];
  const functions = {
    everyday: { data: [tail], slots: [1] },
    migrate: { data: [], slots: [] },
    gate: { data: [fars], slots: [2] },
    shim: { data: [], slots: [] },
    // As of an index that never is zero: no number in the function is an address of what it reads.
    near: { data: [near], slots: [] },
    far: { data: [], slots: [] },
    dead: { data: [], slots: [] },
  };
  return {
    data: [near, fars, tail, vary],
    functions: new Map(Object.entries(functions)),
    table: new Map([[1, "near"], [2, "far"], [3, "dead"]]),
    image: [{ address: 32, bytes: Buffer.from("nearfarsvary") }],
  };
}

test("a text that only the second half names comes with it, and what the table holds stays where it is called", async (t) => {
  const parts = split(listing(t, TEXTS), [/^gate$/], told());
  assert.equal(parts.moved, 2, "the gate, and what only it takes from the table: what nobody takes is in neither half");
  const first = await instance(t, parts.first, {});
  const [everyday, migrate] = [first.everyday, first.migrate] as (() => number)[];
  const memory = () => Buffer.from((first.memory as WebAssembly.Memory).buffer).toString("latin1", 32, 44);
  const word = (text: string) => Buffer.from(text).readInt32LE();

  assert.equal(memory(), "near\0\0rsvary", "what two share stays, and so does what is written to");
  assert.doesNotMatch(parts.first, /66\\61/, "the bytes are not there, rather than written over");
  assert.equal(everyday?.(), word("near") + "r".charCodeAt(0));
  assert.throws(() => migrate?.(), WebAssembly.RuntimeError);

  const variable = Buffer.from((first.memory as WebAssembly.Memory).buffer, 40, 4);
  variable.write("VARY");
  await instance(t, parts.second, { first });
  assert.equal(memory(), "nearfarsVARY", "the second writes its own alone");
  assert.equal(migrate?.(), word("fars"));
});

test("of a function that the linker does not know, every number may be an address or a place in the table", async (t) => {
  const linked = told();
  linked.functions.delete("shim");
  const source = TEXTS.replace("(i32.const 4)", "(select (i32.load8_u (i32.const 36)) (i32.const 2) (memory.size))");
  const { first } = split(listing(t, source), [/^gate$/], linked);
  const exports = await instance(t, first, {});

  assert.equal(Buffer.from((exports.memory as WebAssembly.Memory).buffer).toString("latin1", 36, 40), "fars");
  assert.match(first, /func \$near \$far \$unloaded/);
});

test("a number that is computed with is no place in the table, and neither is one in what wasm-bindgen puts around an export", (t) => {
  const kept = (source: string) => {
    const linked = told();
    linked.functions.delete("shim");
    return /\(elem .*func (.*)\)/.exec(split(listing(t, source), [/^gate$/], linked).first)?.[1];
  };
  const computing = (part: string) => TEXTS.replace("(i32.const 4)", part);

  assert.equal(kept(computing("(select (i32.const 4) (i32.const 2) (memory.size))")), "$near $far $unloaded");
  for (const part of ["(i32.add (i32.const 2) (memory.size))", "(i32.eq (memory.size) (i32.const 2))", "(i32.shl (i32.load (i32.const 4)) (i32.const 2))"]) {
    assert.equal(kept(computing(part)), "$near $unloaded $unloaded", part);
  }
  const around = computing("(select (i32.const 4) (i32.const 2) (memory.size))").replaceAll("$shim", '$"shim externref shim"');
  assert.equal(kept(around), "$near $unloaded $unloaded");
});

test("a module that is not the one that the linker told of stops the build", (t) => {
  const other = (from: string, to: string) => () => split(listing(t, TEXTS.replace(from, to)), [/^gate$/], told());

  assert.throws(other('"nearfars', '"fearfars'), /at 32 lies something else/);
  assert.throws(other("$near $far", "$far $near"), /near is not at place 1/);
  assert.throws(() => references(readFileSync(assembled(t, TEXTS))), /--emit-relocs/);
});

test("a gate that is no function stops the build: what is behind it would silently stay", () => {
  assert.throws(() => split(SOURCE, [/^a::gate$/, /^a::renamed$/]), /no function is .*renamed/);
});

test("functions that are alike stand beside each other, whatever their order was", () => {
  const like = (word: string) => (value: number) => `(func (${word}.const ${value}) (${word}.load) (${word}.add) (drop) (${word}.const ${value}))`;
  const [one, other] = [[1, 2, 3].map(like("i32")), [4, 5, 6].map(like("i64"))];
  const mixed = one.flatMap((text, index) => [text, other[index] ?? ""]);

  assert.deepEqual(alike(["(func)", ...mixed]), ["(func)", ...one, ...other]);
  assert.deepEqual(alike([]), []);
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
