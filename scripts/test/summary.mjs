/** What several runs of tests come to. */
import { Failure } from "../lib/failure.mjs";
import { elapsed } from "../lib/narration.mjs";

/** @typedef {import("../test.mjs").Tally} Tally */

/** The closing lines: a line for each run, its faults below, and at last `N passed, N failed` over all of them. */
export class Summary {
  #began = performance.now();
  #passed = 0;
  #failed = 0;
  /** @type {string[]} */
  #lines = [];

  /** @param {string} title @param {Tally} tally */
  add(title, { passed, failed, faults }) {
    this.#passed += passed;
    this.#failed += failed + faults.length;
    this.#lines.push(`${title}: ${passed} passed, ${failed} failed`, ...faults.map((fault) => `  ✗ ${fault}`));
  }

  /** Prints them. @returns {number} the exit code: 0 where something ran, and nothing failed */
  close() {
    console.log(`\n${this.#lines.join("\n")}\nin ${elapsed(this.#began)}\n\n${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed === 0 && this.#passed > 0 ? 0 : 1;
  }
}

/**
 * All runs, or the one that `--only` names.
 *
 * @template Run
 * @param {string} command what a person types
 * @param {Record<string, Run>} runs
 * @param {string[]} args
 * @returns {Run[]}
 */
export function chosen(command, runs, args) {
  if (args.length === 0) return Object.values(runs);
  const run = args[0] === "--only" && args.length === 2 ? runs[args[1] ?? ""] : undefined;
  if (!run) throw new Failure(`usage: ${command} -- --only ${Object.keys(runs).join("|")}`);
  return [run];
}
