/** Where things lie in this repository. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** @param {string[]} parts @returns the absolute path of something below the root */
export const at = (...parts) => join(ROOT, ...parts);

/** What the scripts remember between runs; safe to delete at any time. */
export const CACHE = at(".cache");
/** What `npm publish` publishes. */
export const PKG = at("pkg");
/** The programs npm installed. @param {string} name */
export const bin = (name) => at("node_modules", ".bin", name);
