/** The browser's storage, as far as the database is kept in it. */
import type { ReplicaDatabase } from "./types.js";

/** What is used of `navigator.storage`. */
export type BrowserStorage = Partial<Pick<StorageManager, "estimate" | "persist">>;

function ofBrowser(): BrowserStorage | undefined {
  return (globalThis as { navigator?: { storage?: BrowserStorage } }).navigator?.storage;
}

/** Whether a database is in memory alone. A PGliteWorker tells nobody which files it has. */
export function isInMemory(db: ReplicaDatabase): boolean {
  const { dataDir, onLeaderChange } = Object(db) as { dataDir?: unknown; onLeaderChange?: unknown };
  if (typeof onLeaderChange === "function") return false;
  return typeof dataDir !== "string" || dataDir.startsWith("memory://") || dataDir === "";
}

/** How many bytes more the browser says it keeps; nothing where it does not say, or keeps nothing of the database. */
export async function room(db: ReplicaDatabase, storage = ofBrowser()): Promise<number | undefined> {
  if (isInMemory(db)) return undefined;
  const { quota, usage } = (await storage?.estimate?.()) ?? {};
  return quota === undefined || usage === undefined ? undefined : Math.max(quota - usage, 0);
}

/** Asks the browser not to evict what it keeps. Resolves to whether it agreed. */
export async function persist(storage = ofBrowser()): Promise<boolean> {
  try {
    return (await storage?.persist?.()) ?? false;
  } catch {
    return false;
  }
}
