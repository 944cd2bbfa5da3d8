/**
 * The two modules that are written while an app is built: what the page and what the server need to know of it.
 *
 * Owns: their text. Must not know: Nuxt.
 */
import type { ReplicaOptions } from "../types.js";
import type { Built } from "./runtime/server/replica-server.js";

/** `#build/electric-replica.mjs`, for the page. */
export interface PageFacts {
  /** The path of the app's own file. */
  own: string | undefined;
  expects: ReplicaOptions["expects"];
  looksForBuilds: boolean;
  /** The path of what lets DevTools look in, where they may. */
  devtools: string | undefined;
}

/** `#electric-replica/server`, for the server. */
export interface ServerFacts extends Pick<Built, "files" | "folder" | "tables"> {
  /** The path of the server's own file. */
  own: string | undefined;
}

/** The page's module. The app's own file is loaded when the replica is opened: it imports PGlite, as a rule. */
export function pageModule({ own, expects, looksForBuilds, devtools }: PageFacts): string {
  return lines(
    constant("own", own === undefined ? undefined : raw(`() => import(${JSON.stringify(own)}).then((file) => file.default)`)),
    constant("expects", expects),
    constant("looksForBuilds", looksForBuilds),
    constant("expose", devtools === undefined ? undefined : raw(`() => import(${JSON.stringify(devtools)}).then((file) => file.exposeReplica)`)),
  );
}

/** The server's module. `#imports` is Nitro's. */
export function serverModule({ own, files, folder, tables }: ServerFacts): string {
  return lines(
    'import { useRuntimeConfig } from "#imports";',
    own === undefined ? constant("own", undefined) : `export { default as own } from ${JSON.stringify(own)};`,
    constant("files", files),
    constant("folder", folder),
    constant("tables", tables),
    "export const config = (event) => useRuntimeConfig(event).electricReplica;",
  );
}

/** Text that is code already. */
interface Raw {
  code: string;
}
const raw = (code: string): Raw => ({ code });
const isRaw = (value: unknown): value is Raw => value instanceof Object && "code" in value;

/** JSON is JavaScript, but for what is not there. */
function constant(name: string, value: unknown): string {
  return `export const ${name} = ${value === undefined ? "undefined" : isRaw(value) ? value.code : JSON.stringify(value)};`;
}

const lines = (...all: string[]): string => `${all.join("\n")}\n`;
