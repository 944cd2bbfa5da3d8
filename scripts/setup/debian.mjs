/** Debian's packages, for what neither npm nor rustup brings. */
import { Failure } from "../lib/failure.mjs";
import { say } from "../lib/narration.mjs";
import { ask, runQuietly, which } from "../lib/process.mjs";

let updated = false;

export const hasDebian = () => which("apt-get") !== undefined;

/** @param {string[]} names @returns {string[]} those not installed */
export function missingPackages(names) {
  return names.filter((name) => ask("dpkg-query", "--show", "--showformat=${db:Status-Status}", name) !== "installed");
}

/**
 * Installs those of the packages that are missing, as root or through sudo.
 *
 * @param {string} purpose what they are for, in case it cannot be done
 * @param {string[]} names
 */
export async function installPackages(purpose, names) {
  const missing = missingPackages(names);
  if (missing.length === 0) return;

  const byHand = `apt-get install --no-install-recommends ${missing.join(" ")}`;
  if (!hasDebian()) throw new Failure(`${purpose} needs ${missing.join(", ")}, and this machine has no apt-get to install them with`);
  const sudo = process.getuid?.() === 0 ? [] : ["sudo"];
  if (sudo.length > 0 && !which("sudo")) {
    throw new Failure(`${purpose} needs Debian packages, and this is neither root nor a machine with sudo. Run as root:\n    ${byHand}`);
  }

  say(`installing Debian packages for ${purpose}: ${missing.join(" ")}`);
  const apt = (/** @type {string[]} */ ...args) => {
    const [command = "", ...rest] = [...sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", ...args];
    return { command, args: rest };
  };
  if (!updated) await runQuietly("reading the package lists", apt("update"));
  updated = true;
  await runQuietly(`installing ${missing.join(", ")}`, apt("install", "--yes", "--no-install-recommends", ...missing));
}
