/** npm's packages, exactly as the lock file names them. */
import { say } from "../lib/narration.mjs";
import { runQuietly } from "../lib/process.mjs";
import { once } from "../lib/stamp.mjs";

/** Installs node_modules if it is missing or does not belong to this lock file. */
export async function npmPackages() {
  const made = {
    inputs: ["package-lock.json", ".npmrc"],
    outputs: ["node_modules/.package-lock.json"],
    salt: `node ${process.version}`,
  };
  await once("npm packages", made, async () => {
    say("installing npm packages: npm ci");
    // No package of ours needs an install script, and none gets to download something of its own.
    await runQuietly("installing npm packages", { command: "npm", args: ["ci", "--ignore-scripts", "--loglevel=error"] });
  });
}
