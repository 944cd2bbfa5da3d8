/** What a wrong answer of the schemas endpoint does: a typed error with nothing run, and nothing to the old replica. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { ReplicaErrorCode } from "electric-replica";

import { Broken, type Fault, json, refuses } from "./support/broken.ts";
import { contents } from "./support/world.ts";

let broken: Broken;
before(async () => {
  broken = await Broken.start();
});
after(() => broken.end());

const schemas = (answer: () => Response | Promise<Response>): Fault => ({ spoil: (url) => (url.pathname.endsWith("/schemas") ? answer() : undefined) });
const tables = (...list: unknown[]): Fault => schemas(() => json({ tables: list }));
const sql = (companies: string): Fault => schemas(() => json({ companies }));

const ID = { name: "id", type: "int4", notNull: true };
const table = (name: string, ...more: unknown[]) => ({ name, columns: [ID, ...more], primaryKey: ["id"] });
const TABLE = "CREATE TABLE companies (id int PRIMARY KEY);";

for (const [name, fault] of Object.entries<Fault>({
  "is down": { faults: { schemas: "down" } },
  "answers 500": schemas(() => json({}, 500)),
  "answers 429": schemas(() => json({}, 429)),
  "never answers": { ...schemas(() => new Promise<Response>(() => undefined)), options: { limits: { askMs: 50 } } },
  "breaks off": schemas(() => new Response(new ReadableStream({ start: (body) => body.error(new TypeError("row-data")) }), { status: 200 })),
})) {
  test(`a schemas endpoint that ${name} keeps nobody from the rows that are there`, () =>
    refuses(broken, fault, "SERVER_UNREACHABLE", true, "is offline"));
}

const WRONG: Record<string, [Fault, ReplicaErrorCode]> = {
  "404": [{ faults: { schemas: "not-found" } }, "SCHEMAS_UNAVAILABLE"],
  "401": [schemas(() => json({ message: "row-data" }, 401)), "SCHEMAS_UNAVAILABLE"],
  "HTML": [{ faults: { schemas: "html" } }, "INVALID_MANIFEST"],
  "nothing": [{ faults: { schemas: "empty" } }, "INVALID_MANIFEST"],
  "half a manifest": [{ faults: { schemas: "malformed" } }, "INVALID_MANIFEST"],
  "a list": [schemas(() => json(["row-data"])), "INVALID_MANIFEST"],
  "a number": [schemas(() => json("7")), "INVALID_MANIFEST"],
  "a manifest whose tables are a text": [schemas(() => json({ tables: "row-data" })), "UNSUPPORTED_SQL"],
  "a table that is a number": [tables(7), "INVALID_MANIFEST"],
  "a table with no columns": [tables({ name: "companies", columns: [], primaryKey: ["id"] }), "INVALID_MANIFEST"],
  "a table with no name": [tables({ columns: [ID], primaryKey: ["id"] }), "INVALID_MANIFEST"],
  "a column with no type": [tables(table("companies", { name: "name" })), "INVALID_MANIFEST"],
  "a key over a column that is not there": [tables({ name: "companies", columns: [ID], primaryKey: ["uid"] }), "INVALID_MANIFEST"],
  "an unknown type": [tables(table("companies", { name: "place", type: "whereabouts" })), "UNKNOWN_TYPE"],
  "a type of an extension that this PGlite lacks": [tables(table("companies", { name: "place", type: "geometry" })), "UNKNOWN_TYPE"],
  "a type that is SQL": [tables(table("companies", { name: "n", type: "int4); DROP TABLE companies; --" })), "UNKNOWN_TYPE"],
  "a table without a primary key": [tables({ name: "companies", columns: [ID], primaryKey: [] }), "MISSING_PRIMARY_KEY"],
  "a table that says nothing of a primary key": [tables({ name: "companies", columns: [ID] }), "MISSING_PRIMARY_KEY"],
  "two tables of one name": [tables(table("companies"), table("companies")), "DUPLICATE_NAME"],
  "two columns of one name": [tables(table("companies", ID)), "DUPLICATE_NAME"],
  "a table with an empty name": [tables(table("")), "INVALID_NAME"],
  "a table with a quote in its name": [tables(table('a"b')), "INVALID_NAME"],
  "a table whose name is SQL": [tables(table('users"; DROP TABLE companies; --')), "INVALID_NAME"],
  "a table whose name ends a text": [tables(table("'; DROP TABLE companies; --")), "INVALID_NAME"],
  "a column whose name is SQL": [tables(table("companies", { name: 'n" int); DROP TABLE companies; --', type: "text" })), "INVALID_NAME"],
  "an index whose name is SQL": [tables({ ...table("companies"), indexes: [{ name: 'i" ON companies; DROP TABLE companies; --', columns: ["id"] }] }), "INVALID_NAME"],
  "an enum whose name is SQL": [schemas(() => json({ tables: [table("companies")], enums: [{ name: "e'; DROP TABLE companies; --", labels: ["a"] }] })), "INVALID_NAME"],
  "a table with a name too long": [tables(table("x".repeat(64))), "INVALID_NAME"],
  "a table whose name holds NUL": [tables(table("a\u0000b")), "INVALID_NAME"],
  "a column that Postgres keeps": [tables(table("companies", { name: "ctid", type: "text" })), "INVALID_NAME"],
  "10,000 tables": [schemas(() => json({ tables: Array.from({ length: 10_000 }, (_, n) => table(`t${n}`)) })), "LIMIT_EXCEEDED"],
  "2,000 columns": [tables(table("companies", ...Array.from({ length: 2_000 }, (_, n) => ({ name: `c${n}`, type: "text" })))), "LIMIT_EXCEEDED"],
  "twenty megabytes": [schemas(() => json({ tables: [], rest: "x".repeat(20_000_000) })), "LIMIT_EXCEEDED"],
  "a version that is a number": [schemas(() => json({ version: 7, tables: [table("companies")] })), "INVALID_MANIFEST"],

  "SQL that is none": [sql("hello, row-data"), "UNSUPPORTED_SQL"],
  "DROP TABLE": [sql("DROP TABLE companies"), "UNSUPPORTED_SQL"],
  "DROP TABLE after the table": [sql(`${TABLE} DROP TABLE companies;`), "UNSUPPORTED_SQL"],
  "CREATE FUNCTION": [sql(`${TABLE} CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql;`), "UNSUPPORTED_SQL"],
  "a SELECT": [sql("SELECT 'row-data'"), "UNSUPPORTED_SQL"],
  "DELETE behind a comment": [sql(`${TABLE} /* ; */ -- ;\n DELETE FROM companies;`), "UNSUPPORTED_SQL"],
  "DELETE behind a string that looks unfinished": [sql(`CREATE TABLE companies (id int PRIMARY KEY, n text DEFAULT ';''--'); DELETE FROM companies;`), "UNSUPPORTED_SQL"],
  "DROP inside DO": [sql(`${TABLE} DO $$ BEGIN DROP TABLE companies; END $$;`), "UNSUPPORTED_SQL"],
  "CREATE TABLE AS": [sql("CREATE TABLE companies AS SELECT * FROM users"), "UNSUPPORTED_SQL"],
  "INSERT": [sql(`${TABLE} INSERT INTO companies VALUES ('row-data');`), "UNSUPPORTED_SQL"],
  "GRANT": [sql(`${TABLE} GRANT ALL ON companies TO public;`), "UNSUPPORTED_SQL"],
  "COPY FROM PROGRAM": [sql(`${TABLE} COPY companies FROM PROGRAM 'row-data';`), "UNSUPPORTED_SQL"],
  "an entry that creates another table": [sql("CREATE TABLE users (id int PRIMARY KEY)"), "INVALID_MANIFEST"],
  "SQL with no primary key": [sql("CREATE TABLE companies (id int)"), "MISSING_PRIMARY_KEY"],
  "SQL with an unknown type": [sql("CREATE TABLE companies (id int PRIMARY KEY, place whereabouts)"), "UNKNOWN_TYPE"],
  "SQL that is no text": [schemas(() => json({ companies: 7 })), "INVALID_MANIFEST"],
};

for (const [name, [fault, code]] of Object.entries(WRONG)) {
  test(`${name} instead of the schemas is ${code}, and nothing is run`, () => refuses(broken, fault, code, false));
}

for (const name of ["Größe 表 😀", "select", "Upper Case", "a.b"]) {
  test(`a table called ${name} is a table like any other`, async (t) => {
    // The demo has no such table, so its shape is an empty one.
    const shape = { "electric-handle": "1-1", "electric-offset": "0_inf", "electric-up-to-date": "" };
    broken.break({
      spoil: (url, init) => {
        if (url.pathname.endsWith("/schemas")) return json({ tables: [table(name, { name: `${name} `, type: "text" })] });
        if (!url.pathname.endsWith("/shape")) return undefined;
        if (url.searchParams.get("live") === "true") return new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
        const schema = JSON.stringify({ id: { type: "int4", pk_index: 0, not_null: true }, [`${name} `]: { type: "text" } });
        return new Response('[{"headers":{"control":"up-to-date","global_last_seen_lsn":"1"}}]', { headers: { "content-type": "application/json", ...shape, "electric-schema": ascii(schema) } });
      },
    });
    t.after(() => broken.heal());
    const { manager } = await broken.manage(broken.empty);

    assert.equal(await manager.checkAndMigrate(), false);

    const { rows } = await broken.empty.query<{ name: string }>("select relname::text as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace");
    assert.deepEqual(rows, [{ name }]);
    await manager.purge();
    await manager.close();
    assert.deepEqual(await contents(broken.empty), {});
  });
}

test("ALTER TABLE … ENABLE ELECTRIC is passed over, and the SQL's table is carried", async (t) => {
  const companies = `CREATE TABLE IF NOT EXISTS "companies" ("id" integer PRIMARY KEY, "name" varchar(200) NOT NULL, "tax_rate" numeric(6, 4),
    "employees" integer, "settings" jsonb DEFAULT '{}'::jsonb NOT NULL, "markets" text[] DEFAULT '{}'::text[] NOT NULL,
    "created_at" timestamp with time zone DEFAULT now() NOT NULL);\nALTER TABLE companies ENABLE ELECTRIC;`;
  broken.break(sql(companies));
  t.after(() => broken.heal());
  const { manager } = await broken.manage(broken.empty);

  assert.equal(await manager.checkAndMigrate(), false);

  assert.deepEqual((await contents(broken.empty))["companies"], (await contents(broken.demo.upstream))["companies"]);
  await manager.purge();
  await manager.close();
});

/** Headers are bytes: whatever is beyond ASCII is escaped. */
const ascii = (text: string): string => text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
