/**
 * The PGlite of an app that brings none of its own.
 *
 * Owns: how it is opened. Must not know: the replica in it.
 */
import type { PublicConfig } from "./options.js";
import type { OpenedDatabase } from "./start.js";
import { startParams } from "./start-params.js";

/** Opens the database; PGlite's code is loaded only now. */
export async function openDatabase({ dataDir, worker }: Pick<PublicConfig, "dataDir" | "worker">): Promise<OpenedDatabase> {
  return worker ? inWorker(dataDir) : inPage(dataDir);
}

async function inPage(dataDir: string): Promise<OpenedDatabase> {
  const [{ PGlite }, { live }] = await Promise.all([import("@electric-sql/pglite"), import("@electric-sql/pglite/live")]);
  return { db: await PGlite.create({ dataDir, extensions: { live }, startParams: startParams(PGlite) }) };
}

/** One database for all tabs, in the worker of one of them. */
async function inWorker(dataDir: string): Promise<OpenedDatabase> {
  const [{ PGliteWorker }, { live }] = await Promise.all([import("@electric-sql/pglite/worker"), import("@electric-sql/pglite/live")]);
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "electric-replica" });
  // By default the tabs' common name holds the worker's address: the next build would open the same files a second time.
  const db = await PGliteWorker.create(worker, { id: `electric-replica:${dataDir}`, dataDir, extensions: { live } });
  return { db, worker };
}
