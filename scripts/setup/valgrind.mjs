/** Valgrind, whose callgrind counts instructions. */
import { Failure } from "../lib/failure.mjs";
import { say } from "../lib/narration.mjs";
import { ask, which } from "../lib/process.mjs";
import { installPackages } from "./debian.mjs";

/**
 * Finds valgrind on PATH, or installs Debian's.
 *
 * @returns {Promise<string>} its path
 */
export async function valgrind() {
  if (!which("valgrind")) await installPackages("counting instructions", ["valgrind"]);
  const path = which("valgrind");
  if (path === undefined) throw new Failure("counting instructions needs valgrind, and it is not on the PATH");
  const version = ask(path, "--version");
  if (version === undefined) throw new Failure(`counting instructions needs valgrind, and ${path} does not run: \`${path} --version\` says why`);
  say(`valgrind: ${version}`);
  return path;
}
