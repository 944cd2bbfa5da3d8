import { ReplicaError } from "./errors.js";
import { ownerKey } from "./owner.js";
import { isInMemory } from "./storage.js";
import type { Holding } from "./tabs.js";
import type { ReplicaOptions, TableOptions } from "./types.js";

const POLICIES: unknown[] = ["auto", "prompt", "manual", "when-idle"];

/**
 * Checks the kind of what is used on this side; whoever writes JavaScript has no compiler to do it.
 *
 * @throws {ReplicaError} `INVALID_OPTIONS`
 */
export function checkOptions(options: unknown): void {
  if (!isObject(options)) throw refused("the options", "an object");
  for (const name of ["baseUrl", "versionUrl", "schemasUrl", "shapeUrl"]) {
    if (options[name] !== undefined && typeof options[name] !== "string") throw refused(`\`${name}\``, "a text");
  }
  for (const name of ["onBefore", "onAfter", "onFallback"]) {
    if (options[name] !== undefined && typeof options[name] !== "function") throw refused(`\`${name}\``, "a function");
  }
  const { expects, policy } = options;
  if (policy !== undefined && !POLICIES.includes(policy)) throw refused("`policy`", "one of auto, prompt, manual, when-idle");
  const lists = (value: object): boolean => !Array.isArray(value) && Object.values(value).every(Array.isArray);
  if (expects !== undefined && typeof expects !== "string" && !(isObject(expects) && lists(expects))) {
    throw refused("`expects`", "a text, or an object with a list of columns for each table");
  }
  const { fetch, headers, lockName, owner, persist, signal, sync, tables, worker } = options;
  if (persist !== undefined && typeof persist !== "boolean") throw refused("`persist`", "`true` or `false`");
  if (tables !== undefined && !Array.isArray(tables)) throw refused("`tables`", "a list");
  const named = (table: unknown): boolean => typeof table === "string" || isObject(table);
  if (Array.isArray(tables) && !tables.every(named)) throw refused("one of `tables`", "a name or an object");
  if (fetch !== undefined && typeof fetch !== "function") throw refused("`fetch`", "a function");
  if (headers !== undefined && typeof headers !== "function" && !isObject(headers)) throw refused("`headers`", "an object or a function");
  if (lockName !== undefined && lockName !== false && typeof lockName !== "string") throw refused("`lockName`", "a text or `false`");
  if (owner !== undefined && (typeof owner !== "string" || owner === "")) throw refused("`owner`", "a text that is not empty");
  const callable = (of: Record<string, unknown>, name: string): boolean => typeof of[name] === "function";
  if (sync !== undefined && !(isObject(sync) && callable(sync, "stop") && callable(sync, "start"))) throw refused("`sync`", "an object with the functions `stop` and `start`");
  if (worker !== undefined && !(isObject(worker) && callable(worker, "postMessage") && callable(worker, "addEventListener"))) throw refused("`worker`", "a Worker");
  if (signal !== undefined && !(isObject(signal) && "aborted" in signal)) throw refused("`signal`", "an AbortSignal");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function refused(what: string, kind: string): ReplicaError {
  return new ReplicaError("INVALID_OPTIONS", `while reading the options: ${what} must be ${kind}`);
}

/**
 * The options that are plain data as one text, in the words src/core/options.rs reads.
 *
 * @throws {ReplicaError} `INVALID_OPTIONS`
 */
export function optionsText(options: ReplicaOptions): string {
  const base = (options.baseUrl ?? "/api/electric").replace(/\/+$/, "");
  const { expects, sync } = options;
  const plain = {
    versionUrl: options.versionUrl ?? `${base}/version`,
    schemasUrl: options.schemasUrl ?? `${base}/schemas`,
    shapeUrl: options.shapeUrl ?? `${base}/shape`,
    schema: options.schema ?? "public",
    tables: options.tables?.map(plainTable),
    strategy: options.strategy ?? (sync ? "in-place" : "swap"),
    scope: options.scope ?? (sync ? "all" : "changed"),
    lockName: lockName(options),
    schemaSource: options.schemaSource ?? "endpoints",
    remedy: ["auto", "when-idle"].includes(options.policy ?? "auto") ? "mend" : "tell",
    keepPreviousMs: options.keepPreviousMs,
    sync: sync && { keys: sync.keys },
    expects: typeof expects === "object" ? Object.entries(expects).map(([name, columns]) => ({ name, columns })) : expects,
    owner: options.owner === undefined ? undefined : ownerKey(options.owner),
    limits: options.limits,
  };
  try {
    return JSON.stringify(plain, (_name, value: unknown) => (hasText(value) ? value : false));
  } catch {
    throw refused("the options", "plain data");
  }
}

/** Whether JSON has this kind of value. What it would leave out becomes `false`, which is no option of any kind. */
function hasText(value: unknown): boolean {
  return typeof value === "number" ? Number.isFinite(value) : !["bigint", "function", "symbol"].includes(typeof value);
}

function plainTable(table: string | TableOptions): object {
  return typeof table === "string" ? { name: table } : { ...table };
}

/** The name of the lock that one tab holds, or nothing where no other tab can reach the database. */
export function lockName(options: ReplicaOptions): string | undefined {
  if (options.lockName === false) return undefined;
  if (options.lockName !== undefined) return options.lockName;
  // What is no database at all is refused later, with a code.
  if (isInMemory(options.db)) return undefined;
  const { dataDir, onLeaderChange } = Object(options.db) as { dataDir?: unknown; onLeaderChange?: unknown };
  // A PGliteWorker is shared by all tabs.
  const files = typeof onLeaderChange === "function" ? "worker" : String(dataDir);
  return `electric-replica:${files}`;
}

/** Whether other tabs read what this one writes. A PGlite, wherever its files are, works on a copy of them. */
export function holding(db: unknown): Holding {
  const { dataDir, onLeaderChange } = Object(db) as { dataDir?: unknown; onLeaderChange?: unknown };
  return typeof dataDir === "string" && typeof onLeaderChange !== "function" ? "apart" : "together";
}

/** The app's `fetch` with the app's headers. */
export function requester(options: ReplicaOptions): (url: string, init: RequestInit) => Promise<Response> {
  const { headers } = options;
  const send = options.fetch ?? ((input: string, init: RequestInit) => fetch(input, init));
  if (headers === undefined) return (url, init) => send(url, init);
  return async (url, init) => {
    const own = typeof headers === "function" ? await headers() : headers;
    return send(url, { ...init, headers: own });
  };
}
