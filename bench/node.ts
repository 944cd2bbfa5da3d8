/** One measurement in Node, in a process of its own: the task comes as an argument, the result goes out as a message. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { open } from "./database.ts";
import type { Settings } from "./database.ts";
import { measure } from "./measure.ts";
import type { Task } from "./measure.ts";

const { settings, storage, ...task } = JSON.parse(process.argv[2] ?? "") as Task & { settings: Settings; storage: string };
const folder = await mkdtemp(join(tmpdir(), "bench-"));
const db = await open(storage === "memory" ? "memory://" : join(folder, "data"), settings);
await db.query("select 1");
try {
  const result = await measure({ db, worker: undefined }, task);
  process.send?.({ ...result, peakBytes: process.resourceUsage().maxRSS * 1024 });
} catch (error) {
  process.send?.({ error: error instanceof Error ? error.message : String(error) });
}
await rm(folder, { recursive: true, force: true });
process.exit();
