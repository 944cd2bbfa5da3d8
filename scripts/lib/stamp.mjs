/** Work that is done again only when what it is made from has changed. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { say } from "./narration.mjs";
import { at, CACHE, ROOT } from "./paths.mjs";

const IGNORED = new Set(["node_modules", "target", "dist", ".git"]);

/**
 * Does the work unless the stamp says it was done with exactly these inputs and its outputs are still there.
 *
 * @param {string} name the stamp's name, and what is said
 * @param {{ inputs: string[], outputs: string[], salt?: string }} made
 *   inputs: files and folders, from the root, compared by content; outputs: paths that must exist;
 *   salt: whatever else decides the result, such as a tool's version
 * @param {() => Promise<void>} work
 */
export async function once(name, { inputs, outputs, salt = "" }, work) {
  const stamp = join(CACHE, "stamps", name.replaceAll(/\W+/g, "-"));
  const digest = digestOf(inputs, salt);
  if (read(stamp) === digest && outputs.every((path) => existsSync(at(path)))) {
    say(`${name}: nothing changed`);
    return;
  }
  rmSync(stamp, { force: true }); // work that is cut short must be done again
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}

/** @param {string[]} inputs @param {string} salt */
function digestOf(inputs, salt) {
  const hash = createHash("sha256").update(salt);
  for (const input of inputs) {
    for (const file of filesBelow(at(input))) hash.update(`\0${relative(ROOT, file)}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** @param {string} path @returns {string[]} the files at or below it, in a fixed order; none if nothing is there */
export function filesBelow(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => !IGNORED.has(name))
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

/** @param {string} path */
const read = (path) => (existsSync(path) ? readFileSync(path, "utf8") : undefined);
