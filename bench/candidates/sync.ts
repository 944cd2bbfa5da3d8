/** pglite-sync. */
import type { PGliteInterface } from "@electric-sql/pglite";
import type { PGliteWithSync } from "@electric-sql/pglite-sync";

import type { Asked, End } from "./asked.ts";
import type { Method } from "./methods.ts";
import { createSql } from "./sql.ts";

const GIVE_UP_MS = 180_000;

/** One subscription a table, all at once: of several in one, only the first gets the fast initial insert. */
export async function synced({ db, base, tables }: Asked, initialInsertMethod: Method): Promise<End> {
  const { sync } = db as PGliteWithSync & PGliteInterface;
  const ends: End[] = [];
  await Promise.all(
    tables.map(async (table) => {
      await db.exec(createSql(table, ", primary key (id)"));
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("gave up")), GIVE_UP_MS);
        const unhandled = (event: { reason?: unknown }): void => reject(event.reason instanceof Error ? event.reason : new Error(String(event.reason)));
        if (typeof addEventListener === "function") addEventListener("unhandledrejection", unhandled);
        else process.on("unhandledRejection", (reason) => unhandled({ reason }));
        sync
          .syncShapeToTable({
            shape: { url: `${base}/shape`, params: { table } },
            table,
            primaryKey: ["id"],
            shapeKey: table,
            initialInsertMethod,
            onInitialSync: () => {
              clearTimeout(timer);
              resolve();
            },
            onError: reject,
          })
          .then(({ unsubscribe }) => ends.push(unsubscribe), reject);
      });
    }),
  );
  return async () => {
    for (const end of ends) await end();
  };
}
