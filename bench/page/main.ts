/** The page a measurement runs in: one database, in this thread or in a worker. What to measure stands after the address's `#`. */
import type { PGliteInterface } from "@electric-sql/pglite";
import { PGliteWorker } from "@electric-sql/pglite/worker";

import { extensions, open } from "../database.ts";
import type { Settings } from "../database.ts";
import { measure } from "../measure.ts";
import type { Result, Task } from "../measure.ts";

export interface PageTask extends Task {
  dataDir: string;
  settings: Settings;
  where: "main" | "worker";
}

/** Tells the server what was measured, or why nothing was. */
const tell = (outcome: Result | { error: string }) => fetch("/outcome", { method: "POST", body: JSON.stringify(outcome) });

/** Until a browser that has just started has built its own windows, which takes both of a small machine's cores. */
const SETTLED_MS = 3_000;

async function perform(task: PageTask): Promise<Result> {
  const opened = task.where === "main" ? { db: await open(task.dataDir, task.settings), worker: undefined } : await inWorker(task);
  await opened.db.query("select 1");
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  return measure(opened, task);
}

addEventListener("error", ({ message }) => void tell({ error: message }));
perform(JSON.parse(decodeURIComponent(location.hash.slice(1))) as PageTask).then(tell, (error: unknown) => tell({ error: String(error) }));

async function inWorker({ dataDir, settings }: PageTask): Promise<{ db: PGliteInterface; worker: Worker }> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const db = await PGliteWorker.create(worker, { id: "bench", dataDir, meta: { settings }, extensions: extensions() });
  return { db, worker };
}
