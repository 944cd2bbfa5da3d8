/** The counting behind the last line of `npm test`: nothing that went wrong may count as passed. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { rustTally } from "../../scripts/test/rust-tally.mjs";

interface Tally {
  passed: number;
  failed: number;
  faults: string[];
}

const IMPORT = 'import { describe, test } from "node:test";';

const FILES: [string, string, Tally][] = [
  ["a test that passes is one", 'test("a", () => {});', { passed: 1, failed: 0, faults: [] }],
  ["a suite is not a test", 'describe("s", () => { test("a", () => {}); test("b", () => {}); });', { passed: 2, failed: 0, faults: [] }],
  ["a failed test in a suite is one failure", 'describe("s", () => { test("a", () => { throw new Error("no"); }); });', { passed: 0, failed: 1, faults: [] }],
  ["a rejection nobody handled is a failure", 'test("a", async () => { Promise.reject(new Error("no")); await new Promise(setImmediate); });', { passed: 0, failed: 1, faults: [] }],
  ["a skipped test is a fault", 'test.skip("a", () => {});', { passed: 0, failed: 0, faults: ['"a" is skipped: a test that is skipped proves nothing'] }],
  ["a test put off is a fault", 'test.todo("a");', { passed: 0, failed: 0, faults: ['"a" is skipped: a test that is skipped proves nothing'] }],
  ["a file without tests is a fault", "", { passed: 0, failed: 0, faults: ["subject.test.ts holds no test"] }],
  ["a file that does not load is a failure", 'throw new Error("no");', { passed: 0, failed: 1, faults: [] }],
];

for (const [name, body, expected] of FILES) {
  test(`of TypeScript tests, ${name}`, (t) => {
    assert.deepEqual(tallyOf(t, body), expected);
  });
}

test("of TypeScript tests, a rejection after the end of its test is a failure or a fault", (t) => {
  const { failed, faults } = tallyOf(t, 'test("a", () => { setTimeout(() => Promise.reject(new Error("no")), 20); }); test("b", () => new Promise((done) => setTimeout(done, 60)));');

  assert.notEqual(failed + faults.length, 0);
});

const RUST: [string, string[], number, Tally][] = [
  ["the results of all crates are added", [result(3, 0, 0), result(2, 0, 0)], 0, { passed: 5, failed: 0, faults: [] }],
  ["failed tests are counted", ["test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out"], 101, { passed: 3, failed: 2, faults: [] }],
  ["an ignored test is a fault", [result(3, 0, 1)], 0, { passed: 3, failed: 0, faults: ["1 tests are ignored: a test that is skipped proves nothing"] }],
  ["a crate that does not build is a fault", [], 101, { passed: 0, failed: 0, faults: ["cargo test ended with exit code 101, without a failed test: it did not build, or broke off"] }],
  ["a run without tests is a fault", [result(0, 0, 0)], 0, { passed: 0, failed: 0, faults: ["no test ran"] }],
  ["a rejection on the console is a fault", ["    Uncaught (in promise) Error: no", result(1, 0, 0)], 0, { passed: 1, failed: 0, faults: ["1 promises were rejected and nobody caught it"] }],
];

for (const [name, lines, code, expected] of RUST) {
  test(`of Rust tests, ${name}`, () => {
    const tally = rustTally();
    lines.forEach((line) => {
      tally.read(line);
    });

    assert.deepEqual(tally.close(code), expected);
  });
}

function result(passed: number, failed: number, ignored: number): string {
  return `test result: ok. ${passed} passed; ${failed} failed; ${ignored} ignored; 0 measured; 0 filtered out; finished in 0.00s`;
}

/** What the reporter says of a file with this body. */
function tallyOf(t: TestContext, body: string): Tally {
  const folder = mkdtempSync(join(tmpdir(), "electric-replica-tally-"));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, "subject.test.ts"), `${IMPORT}\n${body}\n`);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');

  const reporter = [`--test-reporter=${resolve("scripts/test/node-tally.mjs")}`, "--test-reporter-destination=tally.json"];
  // Without this, Node takes the run for a part of the one it is in, and reports nothing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  spawnSync(process.execPath, ["--import", import.meta.resolve("tsx"), "--test", ...reporter, "subject.test.ts"], { cwd: folder, env });
  return JSON.parse(readFileSync(join(folder, "tally.json"), "utf8")) as Tally;
}
