/** Another Node than the one that runs this, for what wants a newer one: npm has its binaries as packages. */
import { existsSync } from "node:fs";
import { join } from "node:path";

import { Failure } from "../lib/failure.mjs";
import { say } from "../lib/narration.mjs";
import { CACHE } from "../lib/paths.mjs";
import { ask, runQuietly } from "../lib/process.mjs";

/** @param {string} version @returns {Promise<string>} the path of its program */
export async function otherNode(version) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(CACHE, "tools", `node-${version}`);
  const program = join(folder, "node_modules", name, "bin", "node");
  if (!existsSync(program)) {
    say(`installing Node ${version} from npm`);
    // Its install script would only say where the program is.
    await runQuietly(`installing Node ${version}`, { command: "npm", args: ["install", "--prefix", folder, "--no-save", "--ignore-scripts", `${name}@${version}`] });
  }
  if (ask(program, "--version")?.trim() !== `v${version}`) throw new Failure(`Node ${version} was installed, but does not run: look at ${folder}`);
  return program;
}
