/** A shape by hand: followed from its beginning, for its own sake or to be parsed. */
import type { PGliteInterface } from "@electric-sql/pglite";

import { COLUMNS } from "../rows.ts";
import type { Asked } from "./asked.ts";
import { copy, createSql, keySql } from "./sql.ts";

interface Message {
  value?: Record<string, string | null>;
}

const ESCAPES: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r" };

export async function fetched({ base, tables }: Asked): Promise<void> {
  for (const table of tables) await bodies(base, table, async (response) => void (await response.arrayBuffer()));
}

export async function parsed({ db, base, tables }: Asked): Promise<void> {
  for (const table of tables) await one(db, base, table);
}

async function one(db: PGliteInterface, base: string, table: string): Promise<void> {
  await db.exec(createSql(table, ""));
  await bodies(base, table, async (response) => {
    const lines: string[] = [];
    for (const { value } of (await response.json()) as Message[]) {
      if (!value) continue;
      const cells = COLUMNS.map(({ name }) => value[name]?.replaceAll(/[\\\n\t\r]/g, (found) => ESCAPES[found] ?? found) ?? "\\N");
      lines.push(cells.join("\t"), "\n");
    }
    if (lines.length > 0) await db.transaction((transaction) => copy(transaction, table, new Blob(lines), "text"));
  });
  await db.exec(keySql(table));
}

/** Follows a shape from its beginning until it is up to date. */
async function bodies(base: string, table: string, take: (response: Response) => Promise<void>): Promise<void> {
  let query = "offset=-1";
  for (;;) {
    const response = await fetch(`${base}/shape?table=${table}&${query}`, { cache: "no-store" });
    await take(response);
    if (response.headers.has("electric-up-to-date")) return;
    query = `offset=${response.headers.get("electric-offset") ?? ""}&handle=${response.headers.get("electric-handle") ?? ""}`;
  }
}
