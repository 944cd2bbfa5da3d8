/** When counted instructions are too many: `npm run instructions`, without the counting. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ALLOWED, compare, figures } from "../../scripts/instructions/comparison.mjs";

const RUSTC = "rustc 1.95.0 for x86_64-unknown-linux-gnu";
const counted = (instructions: Record<string, number>) => Object.entries(instructions).map(([scenario, count]) => ({ scenario, instructions: count, units: 100 }));
const recorded = (instructions: Record<string, number>) => figures(RUSTC, counted(instructions));

test("a count may be three percent above its record, and not one instruction more", () => {
  const record = recorded({ plan: 10_000, changes: 10_000 });
  const most = 10_000 + 100 * ALLOWED;

  assert.deepEqual(compare(RUSTC, counted({ plan: most, changes: 9_000 }), record).faults, []);
  assert.deepEqual(compare(RUSTC, counted({ plan: most + 1, changes: 9_000 }), record).faults, ["plan takes +3.01 %, and 3 % are allowed"]);
});

test("what another compiler makes is told and fails nothing", () => {
  const { table, note, faults } = compare("rustc 1.96.0 for x86_64-unknown-linux-gnu", counted({ plan: 20_000, more: 1 }), recorded({ plan: 10_000 }));

  assert.deepEqual(faults, []);
  assert.match(note, /rustc 1\.95\.0 .*rustc 1\.96\.0 /);
  assert.match(table, /\+100\.00 %/);
});

test("a scenario that is not recorded, or recorded and not counted, is a fault: nothing would watch it", () => {
  const { faults } = compare(RUSTC, counted({ plan: 10_000, more: 1 }), recorded({ plan: 10_000, less: 1 }));

  assert.deepEqual(faults, ["more is not recorded", "less is recorded, and was not counted"]);
  assert.deepEqual(compare(RUSTC, counted({ plan: 10_000 }), undefined).faults, ["nothing is recorded"]);
});

test("a count far below its record is told, so that it is recorded and stays so", () => {
  const record = recorded({ plan: 10_000, changes: 10_000 });

  assert.equal(compare(RUSTC, counted({ plan: 9_700, changes: 10_300 }), record).note, "");
  assert.match(compare(RUSTC, counted({ plan: 9_699, changes: 10_300 }), record).note, /below what is recorded: plan\./);
});

test("the table has each scenario's count, what one of its rows takes, its record, and the difference in percent", () => {
  const { table } = compare(RUSTC, counted({ plan: 1_234_567, more: 250 }), recorded({ plan: 1_300_000 }));

  assert.deepEqual(
    table.split("\n").map((line) => line.trim().split(/ {3,}/)),
    [
      ["scenario", "instructions", "each", "recorded", "difference"],
      ["plan", "1,234,567", "12,346", "1,300,000", "-5.03 %"],
      ["more", "250", "3", "–", "–"],
    ],
  );
});

test("what is recorded are the scenarios that are counted, and those that the program has", () => {
  const { instructions } = JSON.parse(readFileSync("tests/native/instructions.json", "utf8")) as { instructions: Record<string, number> };
  const listed = /const SCENARIOS = (\[.*?\]);/.exec(readFileSync("scripts/instructions.mjs", "utf8"))?.[1] ?? "[]";
  const performed = [...readFileSync("tests/native/examples/instructions/main.rs", "utf8").matchAll(/Some\("([\w-]+)"\) =>/g)].map(([, name]) => name);

  assert.deepEqual(Object.keys(instructions), JSON.parse(listed));
  assert.deepEqual(Object.keys(instructions).sort(), performed.sort());
});
