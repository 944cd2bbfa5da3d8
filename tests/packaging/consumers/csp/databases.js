/** PGlite in each of the ways in which a page may have it. */
import { PGlite } from "@electric-sql/pglite";
import { live } from "@electric-sql/pglite/live";
import { PGliteWorker } from "@electric-sql/pglite/worker";

const contrib = Object.assign({}, ...Object.values(import.meta.glob("./node_modules/@electric-sql/pglite/dist/contrib/*.js", { eager: true })));

/** With every extension that PGlite brings, each of them made where it is one that is made. */
export async function withExtensions() {
  const db = await PGlite.create({ extensions: { live, ...contrib } });
  const { rows } = await db.query("select name from pg_available_extensions where installed_version is null order by name");
  for (const { name } of rows) await db.exec(`create extension if not exists "${name}" cascade`);
  if (rows.length < 20) throw new Error(`only ${rows.length} extensions were there`);
  await db.exec("do $$ begin perform 1; end $$");
  return db;
}

export function inWorker() {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  return PGliteWorker.create(worker, { id: "app", extensions: { live } });
}
