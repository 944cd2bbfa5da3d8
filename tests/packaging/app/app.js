/**
 * The app that every consumer is: PGlite in memory, a replica, a live query whose rows are shown, and a reader that looks all
 * the time. What the test asks about stands in what `startApp` resolves to.
 */
import { PGlite } from "@electric-sql/pglite";
import { live } from "@electric-sql/pglite/live";
import { createReplicaManager, replicaStartParams } from "electric-replica";
import { wasmFiles } from "electric-replica/wasm";

const TOLD = /** @type {const} */ (["migration:start", "migration:complete", "migration:error", "query-failed", "replica:unhealthy", "warning"]);

const inMemory = () => PGlite.create({ extensions: { live }, startParams: [...PGlite.defaultStartParams, ...replicaStartParams] });

/**
 * @param {string} baseUrl where the three endpoints are
 * @param {(columns: string[], rows: Record<string, unknown>[]) => void} show is given what the live query delivers
 * @param {typeof inMemory} open opens the database
 */
export async function startApp(baseUrl, show, open = inMemory) {
  const db = await open();
  // One client alone has nobody to spread its questions for.
  const manager = await createReplicaManager({ db, baseUrl, limits: { spreadMs: 0 } });
  /** What was told, in order. @type {string[]} */
  const events = [];
  for (const name of TOLD) manager.on(name, () => void events.push(name));
  await manager.checkAndMigrate();

  /** What no reader should ever see. @type {string[]} */
  const bad = [];
  /** The columns that the live query delivered last. @type {string[]} */
  let columns = [];
  await db.live.query("select * from data_table_columns order by id limit 20", [], ({ fields, rows }) => {
    columns = fields.map(({ name }) => name);
    if (rows.length === 0) bad.push("the live query delivered no row");
    show(columns, rows);
  });

  const reader = { reads: 0, ended: false };
  const count = async () => (await db.query("select count(*)::int as n from data_table_columns")).rows;
  const read = async () => {
    let most = 1;
    while (!reader.ended) {
      const [row] = /** @type {{ n: number }[]} */ (await count());
      if ((row?.n ?? 0) < most) bad.push(`the table has ${row?.n} rows, and had ${most}`);
      most = Math.max(most, row?.n ?? 0);
      reader.reads += 1;
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  };
  const reading = read().catch((/** @type {unknown} */ error) => void bad.push(String(error)));

  return {
    db,
    manager,
    events,
    bad,
    /** How often the reader has read. */
    reads: () => reader.reads,
    columns: () => columns,
    /** Where the package's WebAssembly files are said to be. */
    files: () => Object.values(wasmFiles()).map(String),
    /** Ends all of it; resolves when nothing runs any more. */
    async end() {
      reader.ended = true;
      await reading;
      await manager.close();
      await db.close();
    },
  };
}
