/**
 * Tries the built package with releases of PGlite from the npm registry, and writes docs/COMPATIBILITY.md. Builds what is
 * missing first.
 *
 *     npm run matrix                    every release that the document is to have
 *     npm run matrix -- 0.5.1 0.5.16    only these; nothing is written
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

import { build } from "./build.mjs";
import { Failure, script } from "./lib/failure.mjs";
import { say, step } from "./lib/narration.mjs";
import { at, CACHE } from "./lib/paths.mjs";
import { ask, runQuietly, watch } from "./lib/process.mjs";
import { compatibility } from "./matrix/document.mjs";

/** The first release that is tried: the last that package.json does not allow. */
const OLDEST = [0, 3, 13];
const PACKAGE = "@electric-sql/pglite";

await script(async (args) => {
  await build();
  const versions = args.length > 0 ? args : releases();
  /** @type {import("./matrix/document.mjs").Tried[]} */
  const tried = [];
  for (const version of versions) {
    const report = await step(`PGlite ${version}`, () => attempt(version));
    const bad = Object.entries(report.outcomes).filter(([, problem]) => problem !== null);
    say(bad.length === 0 ? "works" : bad.map(([what, problem]) => `${what}: ${problem}`).join("; "));
    tried.push({ version, ...report });
  }
  const { peerDependencies } = JSON.parse(readFileSync(at("package.json"), "utf8"));
  if (args.length === 0) writeFileSync(at("docs", "COMPATIBILITY.md"), compatibility(tried, `\`${peerDependencies[PACKAGE]}\``));
});

/** @returns {string[]} every release from the oldest on, oldest first */
function releases() {
  const answer = ask("npm", "view", PACKAGE, "versions", "--json");
  if (answer === undefined) throw new Failure(`the npm registry did not say which releases of ${PACKAGE} there are`);
  return /** @type {string[]} */ (JSON.parse(answer)).filter((version) => /^\d+\.\d+\.\d+$/.test(version) && compare(version.split(".").map(Number), OLDEST) >= 0);
}

/** @param {number[]} one @param {number[]} other */
function compare(one, other) {
  const place = one.findIndex((number, index) => number !== other[index]);
  return place === -1 ? 0 : (one[place] ?? 0) - (other[place] ?? 0);
}

/** Installs a release by itself and tries it. @param {string} version @returns {Promise<import("./matrix/document.mjs").Report>} */
async function attempt(version) {
  const folder = `${CACHE}/matrix/${version}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/package.json`, JSON.stringify({ private: true }));
  const install = ["install", "--prefix", folder, "--no-package-lock", "--ignore-scripts", `${PACKAGE}@${version}`];
  await runQuietly(`installing PGlite ${version}`, { command: "npm", args: install, cwd: folder });
  /** @type {string[]} */
  const lines = [];
  const args = ["--import", "tsx", at("tests", "compatibility", "probe.ts"), `${folder}/node_modules/${PACKAGE}`];
  const code = await watch({ command: process.execPath, args }, (line) => lines.push(line));
  const report = lines.findLast((line) => line.startsWith("{"));
  if (code !== 0 || report === undefined) return { postgres: "", outcomes: { opens: `the attempt ended with exit code ${code}` }, left: false };
  return JSON.parse(report);
}
