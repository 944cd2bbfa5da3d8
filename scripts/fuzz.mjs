/**
 * Has libFuzzer look for an input that is too much for one of the targets of tests/fuzz, led by which code it reaches. What it found on the way is
 * kept in .cache/fuzz, so that the next time goes on from there.
 *
 *     npm run fuzz -- --seconds 60 --target body
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { Failure, script } from "./lib/failure.mjs";
import { step } from "./lib/narration.mjs";
import { at, CACHE } from "./lib/paths.mjs";
import { ask, run, watch } from "./lib/process.mjs";

const ENGINE = at("tests", "fuzz", "engine");
const BUILT = at("target-fuzz");
/** What cargo-fuzz passes as well. No sanitizer: there is no unsafe code to watch. */
const COVERAGE = [
  "-Cpasses=sancov-module",
  ...["level=4", "inline-8bit-counters", "pc-table", "trace-compares"].map((flag) => `-Cllvm-args=-sanitizer-coverage-${flag}`),
  "-Ccodegen-units=1",
  "--cfg=fuzzing",
];
/** Seconds an input may take, and megabytes a target may come to hold. */
const BOUNDS = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=16384"];
/** Lines of a failure that are shown. */
const TAIL = 30;

await script(async (args) => {
  const { values } = parseArgs({ args, options: { seconds: { type: "string", default: "60" }, target: { type: "string" } } });
  const engine = await step("Building the fuzzer", build);
  const found = names(engine).filter((name) => values.target === undefined || name === values.target);
  if (found.length === 0) throw new Failure(`there is no target ${String(values.target)}`);
  const failed = [];
  for (const target of found) if (!(await fuzz(engine, target, values.seconds))) failed.push(target);
  if (failed.length > 0) {
    throw new Failure(`${failed.join(", ")}: the inputs are in .cache/fuzz/crashes; put them into tests/fuzz/crashes/<target>, where the tests replay them`);
  }
});

/** @returns {Promise<string>} the fuzzer's path */
async function build() {
  const triple = /^host: (.*)$/m.exec(ask("rustc", "-vV") ?? "")?.[1];
  if (triple === undefined) throw new Failure("rustc does not say what it builds for");
  const args = ["build", "--release", "--locked", "--target", triple, "--manifest-path", join(ENGINE, "Cargo.toml")];
  await run({ command: "cargo", args, env: { RUSTFLAGS: COVERAGE.join(" "), CARGO_TARGET_DIR: BUILT } });
  return join(BUILT, triple, "release", "fuzz");
}

/** @param {string} engine @returns {string[]} what the targets are called */
function names(engine) {
  const told = spawnSync(engine, [], { env: { FUZZ_TARGETS: "" }, encoding: "utf8" }).stdout;
  return told.split("\n").filter((name) => name !== "");
}

/** @param {string} engine @param {string} target @param {string} seconds @returns {Promise<boolean>} whether every input was borne */
async function fuzz(engine, target, seconds) {
  const corpus = join(CACHE, "fuzz", "corpus", target);
  const crashes = join(CACHE, "fuzz", "crashes", target);
  for (const folder of [corpus, crashes]) mkdirSync(folder, { recursive: true });
  let inputs = "no";
  let places = "0";
  /** @type {string[]} */
  const tail = [];
  const args = [corpus, `-artifact_prefix=${crashes}/`, `-max_total_time=${seconds}`, "-print_final_stats=1", ...BOUNDS];
  const code = await watch({ command: engine, args, env: { FUZZ_TARGET: target, FUZZ_SEEDS: corpus, RUST_BACKTRACE: "0" } }, (line) => {
    inputs = /^stat::number_of_executed_units: (\d+)/.exec(line)?.[1] ?? inputs;
    places = / cov: (\d+) /.exec(line)?.[1] ?? places;
    tail.push(line);
    if (tail.length > TAIL) tail.shift();
  });
  console.log(`fuzz ${target}: ${inputs} inputs in ${seconds} s, ${places} places of the code reached, ${code === 0 ? "none was too much" : "ONE WAS TOO MUCH"}`);
  if (code !== 0) console.log(tail.map((line) => `    ${line}`).join("\n"));
  return code === 0;
}
