/** The package as npm packs it, installed into a consumer's folder as an app would install it. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import type { Build, Consumer } from "./consumer.ts";

const execute = promisify(execFile);
const HERE = resolve("tests/packaging");
const OUTPUT = 16 * 1024 * 1024;
/** The app on a page. */
const PAGE = ["app.js", "page.js", "main.js", "index.html"];

/** Packs what `npm publish ./pkg` would publish. Resolves to the tarball. */
export async function pack(folder: string, origin = "./pkg"): Promise<string> {
  const { stdout } = await execute("npm", ["pack", origin, "--ignore-scripts", "--json", "--pack-destination", folder]);
  const [packed] = Object.values(JSON.parse(stdout) as Record<string, { filename: string }>);
  if (!packed) throw new Error(`npm packed nothing: ${stdout}`);
  return join(folder, packed.filename);
}

/** A folder of its own for a run; `PACKAGING_KEEP` keeps it, for whoever wants to look into it. */
export async function scratch(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "electric-replica-packaging-"));
  const keep = process.env["PACKAGING_KEEP"] !== undefined;
  if (keep) console.log(`# the consumers are in ${folder}`);
  return { folder, remove: () => (keep ? Promise.resolve() : rm(folder, { recursive: true, force: true })) };
}

/** Lays a consumer's sources into a new folder and installs what its package.json names, and the tarball. */
export async function install(name: string, consumer: Consumer, tarball: string, root: string): Promise<string> {
  const folder = join(root, name);
  await cp(join(HERE, "consumers", name), folder, { recursive: true });
  for (const file of consumer.app ?? PAGE) await cp(join(HERE, "app", file), join(folder, file));

  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { dependencies?: Record<string, string> };
  manifest.dependencies = { ...manifest.dependencies, "electric-replica": `file:${tarball}` };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest, null, 2));
  // No install script: nothing here gets to download something of its own. No lock file either: every version is exact, and what
  // those bring along may move, as it does for an app that is installed today.
  await run(folder, ["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]);
  return folder;
}

/** Makes the app of its sources. Resolves to the folder that was made. */
export async function build(folder: string, { commands, folder: made, page }: Build): Promise<string> {
  await rm(join(folder, made), { recursive: true, force: true });
  for (const command of commands) await run(folder, command);
  if (page !== undefined) await cp(join(folder, page), join(folder, made, page));
  return join(folder, made);
}

/** Runs a program in a consumer's folder to its end; rejects with all it printed where it fails. */
export async function run(cwd: string, command: readonly [string, ...string[]], env: Record<string, string> = {}): Promise<string> {
  const [program, ...args] = command;
  try {
    const { stdout, stderr } = await execute(programIn(cwd, program), args, { cwd, env: { ...cleanEnv(), ...env }, maxBuffer: OUTPUT });
    return stdout + stderr;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command.join(" ")} failed in ${cwd}\n${stdout}\n${stderr}`, { cause: error });
  }
}

/** Where a program is: npm and node are everybody's, others the consumer's own. */
export const programIn = (folder: string, program: string): string =>
  program === "npm" ? program : program === "node" ? process.execPath : join(folder, "node_modules", ".bin", program);

/** The environment without what `node --test` and npm tell their own children: a consumer's programs are nobody's children. */
export function cleanEnv(): Record<string, string> {
  const theirs = /^(npm_(package|lifecycle|command)|NODE_TEST_CONTEXT$|NODE_OPTIONS$|VITEST)/;
  const env = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && !theirs.test(entry[0]));
  return { ...Object.fromEntries(env), NO_COLOR: "1" };
}

/** Every file below a folder. */
export async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
