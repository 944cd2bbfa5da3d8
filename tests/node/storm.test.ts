/** Every kind of DDL on the server while writes go on: what the replica holds at the end is the server's, row by row. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";

import { createReplicaManager } from "electric-replica";

import type { Upstream } from "../../www/server/upstream.ts";
import { contents, database, eventually, serve } from "./support/world.ts";

/** One change of the server's schema, and a write that fits it. */
interface Ddl {
  name: string;
  sql: string;
  write: (n: number) => string;
}

/** Rows of the table under change; STORM_ROWS and STORM_NOTICE_MS make the storm as large as a patient person likes. */
const ROWS = Number(process.env["STORM_ROWS"] ?? 5_000);

const insert = (n: number) => `insert into storm (id, name, qty) values (${n}, 'row ${n}', ${n})`;

const DDL: Ddl[] = [
  { name: "add column", sql: "alter table storm add column extra text", write: (n) => `insert into storm (id, name, qty, extra) values (${n}, 'n', 1, 'x')` },
  { name: "add column with default", sql: "alter table storm add column flag boolean not null default true", write: insert },
  { name: "rename column", sql: "alter table storm rename column extra to more", write: (n) => `insert into storm (id, name, qty, more) values (${n}, 'n', 1, 'y')` },
  { name: "int to bigint", sql: "alter table storm alter column qty type bigint", write: (n) => `insert into storm (id, name, qty) values (${n}, 'n', 9007199254740993)` },
  { name: "drop column", sql: "alter table storm drop column more", write: insert },
  { name: "set not null", sql: "update storm set name = 'x' where name is null; alter table storm alter column name set not null", write: insert },
  { name: "new table", sql: "create table side (id int primary key, tags text[]); insert into side values (1, array['a', null, 'q\"x'])", write: (n) => `insert into side values (${n}, array['${n}'])` },
  { name: "enum column", sql: "create type mood as enum ('glad', 'sad'); alter table side add column mood mood", write: (n) => `insert into side values (${n}, null, 'glad')` },
  { name: "enum label", sql: "alter type mood add value 'calm'", write: (n) => `insert into side values (${n}, null, 'calm')` },
  { name: "type by expression", sql: "alter table storm alter column name type jsonb using to_jsonb(name)", write: (n) => `insert into storm (id, name, qty) values (${n}, '{"a":1}', 1)` },
  { name: "drop and recreate", sql: "drop table side; create table side (id int primary key, tags text[], mood mood); insert into side values (7, null, 'sad')", write: (n) => `insert into side values (${n}, null, 'sad')` },
  { name: "rename table", sql: "alter table side rename to aside", write: (n) => `insert into aside values (${n}, null, 'sad')` },
  { name: "other key", sql: "alter table storm drop constraint storm_pkey, add primary key (id, qty)", write: insert },
  { name: "drop table", sql: "drop table aside", write: insert },
];

/** What the server says of its schema, read from the database itself. */
async function describe(upstream: Upstream): Promise<Record<string, string>> {
  const rows = await upstream.query<{ table: string; column: string; type: string; required: boolean; place: number | null }>(
    `select c.relname::text as "table", a.attname::text as "column", format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
       array_position(i.indkey::int2[], a.attnum) as place
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     join pg_index i on i.indrelid = c.oid and i.indisprimary
     where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname in ('storm', 'side', 'aside', 'calm') order by 1, a.attnum`,
  );
  const enums = await upstream.query<{ labels: string }>(
    `select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) as labels from pg_enum e join pg_type t on t.oid = e.enumtypid where t.typname = 'mood'`,
  );
  const tables: Record<string, string> = {};
  for (const name of new Set(rows.map((row) => row.table))) {
    const columns = rows.filter((row) => row.table === name);
    const key = columns.filter((row) => row.place !== null).sort((a, b) => (a.place ?? 0) - (b.place ?? 0));
    const mood = columns.some((row) => row.type === "mood") ? `create type mood as enum (${enums[0]?.labels ?? ""});\n` : "";
    const lines = columns.map((row) => `"${row.column}" ${row.type}${row.required ? " not null" : ""}`);
    tables[name] = `${mood}create table "${name}" (${lines.join(", ")}, primary key (${key.map((row) => `"${row.column}"`).join(", ")}))`;
  }
  return tables;
}

async function schemaServer(t: TestContext, upstream: Upstream, version: () => string): Promise<string> {
  const server = createServer((request, response) => {
    const answer = request.url === "/version" ? Promise.resolve({ version: version() }) : describe(upstream);
    void answer.then((body) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("every kind of DDL with writes going on ends with the server's rows", async (t) => {
  const demo = await serve(t, { rows: 10, noticeMs: Number(process.env["STORM_NOTICE_MS"] ?? 4_000), chunkBytes: 200_000 });
  const { upstream } = demo;
  await upstream.query("create table storm (id int primary key, name text, qty int)");
  await upstream.query("create table calm (id int primary key, note text)");
  await upstream.query(`insert into storm select g, 'item ' || g, g from generate_series(1, ${ROWS}) g`);
  await upstream.query("insert into calm select g, md5(g::text) from generate_series(1, 500) g");
  let version = "0";
  const schemas = await schemaServer(t, upstream, () => version);
  const db = await database(t);
  const failures: string[] = [];
  const manager = await createReplicaManager({
    db,
    versionUrl: `${schemas}/version`,
    schemasUrl: `${schemas}/schemas`,
    shapeUrl: `${demo.url}/api/electric/shape`,
  });
  t.after(() => manager.close());
  manager.on("migration:error", (event) => failures.push(`${event.code} ${event.message}`));
  await manager.checkAndMigrate();

  let write = insert;
  let next = 1_000_000;
  const writer = { writing: true };
  const written = (async () => {
    while (writer.writing) {
      const n = next++;
      for (const sql of [write(n), `update storm set qty = qty + 1 where id = ${1 + (n % ROWS)}`, `update calm set note = '${n}' where id = ${1 + (n % 500)}`, n % 7 === 0 ? `delete from storm where id = ${n - 7}` : ""]) {
        // A write may meet the schema of a moment ago: the app's own problem.
        if (sql !== "") await upstream.query(sql).catch(() => undefined);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();

  const tables = async (source: Parameters<typeof contents>[0]) => {
    const all = await contents(source);
    return Object.fromEntries(Object.entries(all).filter(([name]) => ["storm", "side", "aside", "calm"].includes(name)));
  };
  for (const [index, ddl] of DDL.entries()) {
    await upstream.exec(ddl.sql);
    write = ddl.write;
    version = String(index + 1);
    const before = Date.now();
    const rebuilt = await manager.checkAndMigrate();
    t.diagnostic(`${ddl.name}: ${rebuilt ? "rebuilt" : "adopted"} in ${Date.now() - before} ms`);
  }
  writer.writing = false;
  await written;

  await eventually(async () => assert.deepEqual(await tables(db), await tables(upstream)), 40_000);
  assert.deepEqual(failures, []);
  assert.equal(await manager.verify(), true, "a false alarm");
});
