/**
 * Counts the instructions of the core's heaviest work with callgrind, natively, and fails where it takes more than is
 * recorded in tests/native/instructions.json: a count is the same however busy the machine is.
 *
 *     npm run instructions
 *     npm run instructions -- --record    writes what was counted as the record
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { compare, figures } from "./instructions/comparison.mjs";
import { Failure, script } from "./lib/failure.mjs";
import { step } from "./lib/narration.mjs";
import { at } from "./lib/paths.mjs";
import { ask, run, watch } from "./lib/process.mjs";
import { valgrind } from "./setup/valgrind.mjs";

/** In the order of what a replica does. Each is performed by tests/native/examples/instructions. */
const SCENARIOS = ["plan", "transcode-binary", "transcode-text", "messages", "changes"];
const RECORD = at("tests", "native", "instructions.json");
const BUILT = at("target", "instructions");
/** The program's function between whose beginning and end is counted; behind its name stands what tells its instances apart. */
const COUNTED = "instructions::counted*";
/** Lines of a failed run that are shown. */
const TAIL = 15;

await script(async (args) => {
  const { record: recording } = parseArgs({ args, options: { record: { type: "boolean", default: false } } }).values;
  const tool = await valgrind();
  const compiler = identity();
  const program = await step("Building what is counted", build);
  /** @type {import("./instructions/comparison.mjs").Count[]} */
  const counts = [];
  await step("Counting", async () => {
    for (const scenario of SCENARIOS) counts.push(await count(tool, program, scenario));
  });

  const { table, note, faults } = compare(compiler, counts, recorded());
  console.log(`\n${table}\n`);
  if (recording) {
    writeFileSync(RECORD, `${JSON.stringify(figures(compiler, counts), null, 2)}\n`);
    console.log("recorded in tests/native/instructions.json");
    return;
  }
  if (note !== "") console.log(note);
  if (faults.length > 0) throw new Failure(`${faults.join("; ")}. Where that is meant: npm run instructions -- --record`);
});

/** Which compiler makes the program, and for what: another one makes other instructions of the same code. */
function identity() {
  const version = ask("rustc", "--version");
  const host = /^host: (.*)$/m.exec(ask("rustc", "-vV") ?? "")?.[1];
  if (version === undefined || host === undefined) throw new Failure("counting instructions needs rustc, and the one on the PATH does not say what it is");
  return `${version} for ${host}`;
}

/**
 * Builds with the profile of what is published: `opt-level` z as the browser's module has it, and the whole program in one
 * piece. Cut into pieces, as a profile that builds sooner has it, counts change with where the cuts happen to be.
 *
 * @returns {Promise<string>} the program's path
 */
async function build() {
  const args = ["build", "--quiet", "--release", "--locked", "--package", "electric-replica-tests", "--example", "instructions"];
  await run({ command: "cargo", args, env: { CARGO_TARGET_DIR: BUILT } });
  return join(BUILT, "release", "examples", "instructions");
}

/** @param {string} tool @param {string} program @param {string} scenario @returns {Promise<import("./instructions/comparison.mjs").Count>} */
async function count(tool, program, scenario) {
  let instructions = 0;
  let units = 0;
  /** @type {string[]} */
  const tail = [];
  const args = ["--tool=callgrind", "--callgrind-out-file=/dev/null", `--toggle-collect=${COUNTED}`, program, scenario];
  const code = await watch({ command: tool, args }, (line) => {
    instructions = Number(/^==\d+== Collected : (\d+)$/.exec(line)?.[1] ?? instructions);
    units = Number(/^(\d+)$/.exec(line)?.[1] ?? units);
    tail.push(line);
    if (tail.length > TAIL) tail.shift();
  });
  if (code !== 0) throw new Failure(`counting ${scenario}: valgrind ended with exit code ${code}\n${tail.map((line) => `    ${line}`).join("\n")}`);
  if (instructions === 0 || units === 0) throw new Failure(`counting ${scenario}: nothing was counted; is there still a function ${COUNTED} in the program?`);
  return { scenario, instructions, units };
}

/** @returns {import("./instructions/comparison.mjs").Figures | undefined} */
function recorded() {
  return existsSync(RECORD) ? /** @type {import("./instructions/comparison.mjs").Figures} */ (JSON.parse(readFileSync(RECORD, "utf8"))) : undefined;
}
