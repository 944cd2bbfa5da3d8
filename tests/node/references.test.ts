/** Reading what the linker tells of a module: what each function and each constant holds an address of. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { functionNames, sections, without } from "../../scripts/build/binary.mjs";
import { references, renamed } from "../../scripts/build/references.mjs";

const HEAD = [...Buffer.from("\0asm"), 1, 0, 0, 0];
const text = (of: string) => [of.length, ...Buffer.from(of)];
const section = (id: number, ...bytes: number[]) => [id, bytes.length, ...bytes];
const custom = (name: string, ...bytes: number[]) => section(0, ...text(name), ...bytes);
const subsection = section;
const names = (...of: string[]) => custom("name", ...subsection(1, of.length, ...of.flatMap((name, index) => [index, ...text(name)])));

/** Imports `js`; `reads` holds an address one past `ab`, and where `called` is in the table, as `table` does. */
const LINKED = Buffer.from([
  ...HEAD,
  ...section(2, 1, ...text("js"), ...text("f"), 0, 0),
  ...section(9, 1, 0, 0x41, 1, 0x0b, 1, 2),
  // Each: its size, no locals, i32.const and a number of five bytes, the end.
  ...section(10, 2, 14, 0, 0x41, 0x82, 0x88, 0x80, 0x80, 0, 0x41, 0x81, 0x80, 0x80, 0x80, 0, 0x0b, 3, 0, 0x01, 0x0b),
  ...section(11, 2, 0, 0x41, 0x80, 0x08, 0x0b, 6, ...Buffer.from("ab"), 1, 0, 0, 0, 0, 0x41, 0x88, 0x08, 0x0b, 1, 7),
  ...custom(
    "linking",
    2,
    ...subsection(5, 2, ...text(".rodata"), 0, 0, ...text(".data"), 0, 0),
    ...subsection(8, 4, 0, 0, 2, ...text("called"), 1, 0, ...text("ab"), 0, 0, 2, 1, 0, ...text("table"), 0, 2, 4, 1, 0, ...text("variable"), 1, 0, 1),
  ),
  ...custom("reloc.CODE", 2, 2, 4, 4, 1, 2, 1, 10, 0),
  ...custom("reloc.DATA", 3, 1, 2, 9, 0),
  ...names("js", "reads_0123456789abcdef", "called"),
]);

test("an address is of what the linker says, wherever it lies", () => {
  const { data, functions, table, image } = references(LINKED);
  const [ab, held, variable] = data;

  assert.deepEqual(functions.get("reads_0123456789abcdef"), { data: [ab], slots: [1] });
  assert.deepEqual(functions.get("called"), { data: [], slots: [] });
  assert.deepEqual(ab, { start: 1024, end: 1026, constant: true, data: [], slots: [] });
  assert.deepEqual(held, { start: 1026, end: 1030, constant: true, data: [], slots: [1] });
  assert.deepEqual(variable, { start: 1032, end: 1033, constant: false, data: [], slots: [] });
  assert.deepEqual([...table], [[1, "called"]]);
  assert.deepEqual(image, [{ address: 1024, bytes: Buffer.from("ab\x01\0\0\0") }, { address: 1032, bytes: Buffer.from([7]) }]);
});

test("a reference of a kind that is not known stops the build", () => {
  const other = Buffer.from(LINKED);
  other[LINKED.indexOf("reloc.CODE") + "reloc.CODE".length + 2] = 99;

  assert.throws(() => references(other), /the kind 99/);
});

test("what the linker told is found under the names that functions got since", () => {
  const plain = Buffer.from([...HEAD, ...names("called", "reads")]);
  const shown = Buffer.from([...HEAD, ...names("a::called", "a::reads")]);
  const { functions, table } = renamed(references(LINKED), plain, shown);

  assert.deepEqual([...functions.keys()], ["a::reads", "a::called"]);
  assert.deepEqual([...table], [[1, "a::called"]]);
});

test("a module can be had without what only the linker wants", () => {
  const rest = without(LINKED, /^(linking|reloc\..*)$/);

  assert.deepEqual(sections(rest).map(({ id, name }) => name || id), [2, 9, 10, 11, "name"]);
  assert.deepEqual([...functionNames(rest).values()], ["js", "reads_0123456789abcdef", "called"]);
});
