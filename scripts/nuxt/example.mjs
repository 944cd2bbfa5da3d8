/** `examples/nuxt` outside of the repository, where nothing of it is found by accident: installed, and built as it was before its newest migration and after. */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Failure } from "../lib/failure.mjs";
import { say } from "../lib/narration.mjs";
import { at, PKG } from "../lib/paths.mjs";
import { ask, runQuietly } from "../lib/process.mjs";

const EXAMPLE = at("examples", "nuxt");
/** What is made beside the sources. */
const MADE = new Set(["node_modules", ".nuxt", ".output", ".env"]);
const ENV = { NUXT_TELEMETRY_DISABLED: "1" };

/**
 * Copies the example and installs it, with the package as npm packs it.
 *
 * @param {string} folder @param {string | undefined} version of Nuxt, where it is not the example's own
 * @returns {Promise<string>} where the app is
 */
export async function installed(folder, version) {
  const app = join(folder, "app");
  mkdirSync(app, { recursive: true });
  for (const name of readdirSync(EXAMPLE)) {
    if (!MADE.has(name)) cpSync(join(EXAMPLE, name), join(app, name), { recursive: true });
  }
  const manifest = JSON.parse(readFileSync(join(app, "package.json"), "utf8"));
  manifest.dependencies["electric-replica"] = `file:${packed(folder)}`;
  writeFileSync(join(app, "package.json"), JSON.stringify(manifest, null, 2));
  await npm(app, "installing what the example needs");
  if (version !== undefined) await npm(app, `installing Nuxt ${version}`, "--no-save", `nuxt@${version}`);
  say(`Nuxt ${JSON.parse(readFileSync(join(app, "node_modules", "nuxt", "package.json"), "utf8")).version}`);
  return app;
}

/** @param {string} app @param {string} what @param {string[]} args */
const npm = (app, what, ...args) => runQuietly(what, { command: "npm", args: ["install", "--ignore-scripts", ...args], cwd: app });

/** Named by what is in it: of a file with the same name npm would take the one it remembers. @param {string} folder @returns {string} the packed package */
function packed(folder) {
  const answer = ask("npm", "pack", PKG, "--ignore-scripts", "--json", "--pack-destination", folder);
  const [made] = Object.values(/** @type {Record<string, { filename: string }>} */ (JSON.parse(answer ?? "{}")));
  if (!made) throw new Failure("npm did not pack the package");
  const name = join(folder, made.filename);
  const hash = createHash("sha256").update(readFileSync(name)).digest("hex").slice(0, 16);
  const unique = name.replace(/\.tgz$/, `-${hash}.tgz`);
  renameSync(name, unique);
  return unique;
}

/**
 * Builds the app of before the newest migration, and the one of after it.
 *
 * @param {string} app @param {string} node the Node to build with
 * @returns {Promise<{ before: string, after: string }>} the folders of the built servers
 */
export async function builtTwice(app, node) {
  const drizzle = join(app, "drizzle");
  const all = join(EXAMPLE, "drizzle");
  await withoutNewest(drizzle);
  const before = await built("before", app, node);
  rmSync(drizzle, { recursive: true });
  cpSync(all, drizzle, { recursive: true });
  const after = await built("after", app, node);
  // For the test of the development server, which is given the newest migration while it runs.
  await withoutNewest(drizzle);
  return { before, after };
}

/** Takes the newest migration out of a folder of drizzle's. @param {string} drizzle */
async function withoutNewest(drizzle) {
  const journal = join(drizzle, "meta", "_journal.json");
  const told = JSON.parse(readFileSync(journal, "utf8"));
  const [newest] = told.entries.splice(-1);
  writeFileSync(journal, JSON.stringify(told, null, 2));
  rmSync(join(drizzle, `${newest.tag}.sql`));
  rmSync(join(drizzle, "meta", `${newest.tag.split("_")[0]}_snapshot.json`));
}

/** @param {string} name @param {string} app @param {string} node */
async function built(name, app, node) {
  const output = join(app, "..", name);
  rmSync(output, { recursive: true, force: true });
  await runQuietly(`building the app of ${name} the newest migration`, { command: node, args: [join("node_modules", "nuxt", "bin", "nuxt.mjs"), "build"], cwd: app, env: ENV });
  const made = join(app, ".output");
  if (!existsSync(join(made, "server", "index.mjs"))) throw new Failure(`building the app of ${name} the newest migration left no server behind`);
  cpSync(made, output, { recursive: true, verbatimSymlinks: true });
  return output;
}
