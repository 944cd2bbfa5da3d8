/** DevTools: an app's page with a real PGlite, asked over a BroadcastChannel as the DevTools page asks it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import type { ReplicaOptions } from "electric-replica";
import { exposeReplica } from "electric-replica/devtools";

import { Remote } from "../../devtools/remote.ts";
import type { Inspection, InspectedTable } from "../../js/devtools/inspection.ts";
import { type AppPage, CHANNEL, type TimelineEntry } from "../../js/devtools/messages.ts";
import type { Demo } from "../../www/server/demo.ts";
import { emptyPostgres } from "../../www/server/empty.ts";
import { contents, database, eventually, manage, serve, soon } from "./support/world.ts";

/** The DevTools page, as far as it is not drawn. */
function devtools(t: TestContext) {
  const told: TimelineEntry[] = [];
  let pages: AppPage[] = [];
  const remote = new Remote({ pages: (found) => (pages = found), event: (_app, entry) => told.push(entry) });
  t.after(() => {
    remote.close();
  });
  const app = () => pages[0]?.id ?? "nobody";
  return { remote, told, app, pages: () => pages, inspect: async () => (await remote.ask(app(), "inspect", {})).inspection };
}

/** A page of an app, exposed, and the DevTools page that has found it. */
async function exposed(t: TestContext, demo: Demo, more: Omit<ReplicaOptions, "db"> = {}) {
  const db = await database(t);
  const options = { db, baseUrl: `${demo.url}/api/electric`, ...more };
  const { manager } = await manage(t, demo, options);
  const end = exposeReplica({ ...options, manager });
  t.after(end);
  const page = devtools(t);
  await soon(() => assert.equal(page.pages().length, 1));
  return { db, manager, end, ...page };
}

const named = ({ tables }: Inspection, name: string): InspectedTable => {
  const found = tables.find((table) => table.name === name);
  assert.ok(found, name);
  return found;
};
const fates = ({ tables }: Inspection): Record<string, string> => Object.fromEntries(tables.map(({ name, fate }) => [name, fate]));

test("what is shown is what is in the database, the plan is what a check would do, and what is pressed is done", async (t) => {
  const demo = await serve(t);
  const { db, app, remote, told, inspect } = await exposed(t, demo, { policy: "manual" });
  assert.equal(await remote.ask(app(), "check", {}), false);

  const whole = await inspect();
  assert.deepEqual(whole.problems, []);
  assert.deepEqual(whole.plan, { kind: "up-to-date" });
  const rows = await contents(db);
  assert.deepEqual(whole.tables.map(({ name, rows }) => [name, rows]), Object.entries(rows).map(([name, all]) => [name, all.length]));
  const shapes = await db.query<{ table_name: string; handle: string; shape_offset: string; fingerprint: string; lsn: string }>("select * from electric_replica.shapes order by 1");
  const shown = whole.tables.map(({ name, handle, offset, recorded, lsn }) => ({ name, handle, offset, recorded, lsn }));
  assert.deepEqual(shown, shapes.rows.map((row) => ({ name: row.table_name, handle: row.handle, offset: row.shape_offset, recorded: row.fingerprint, lsn: row.lsn })));
  for (const { standing, recorded, found, wanted, expectedRows, rows } of whole.tables) assert.deepEqual([standing, found, wanted, expectedRows], ["sealed", recorded, recorded, rows]);

  await demo.deploy();
  const behind = await inspect();
  assert.equal(behind.plan?.kind === "rebuild" && behind.plan.reason, "changed");
  assert.deepEqual(Object.entries(fates(behind)).filter(([, fate]) => fate !== "same"), [["data_table_columns", "changed"]]);
  assert.deepEqual(named(behind, "data_table_columns").columns.filter(({ change }) => change !== "same").map(({ name, change }) => [name, change]), [["description", "added"]]);
  assert.match(behind.diagram, /t\d\["data_table_columns"\]:::changed \{/);

  assert.equal(await remote.ask(app(), "migrate", {}), true);
  assert.deepEqual((await inspect()).plan, { kind: "up-to-date" });
  // Whether the replica has noticed the deploy by itself, and waits, is a matter of time.
  const types = told.map(({ event }) => event.type).filter((type) => type === "migration:start" || type === "migration:complete");
  assert.deepEqual(types, ["migration:start", "migration:complete", "migration:start", "migration:complete"]);
  const kept = await remote.ask(app(), "timeline", {});
  assert.deepEqual(kept.map(({ number }) => number), kept.map(({ number }) => number).sort((one, other) => one - other));
  assert.deepEqual(kept.at(-1), told.at(-1));
});

test("looking changes nothing, not even on a first visit", async (t) => {
  const demo = await serve(t);
  const { db, app, remote, inspect } = await exposed(t, demo);
  const schemas = () => db.query("select nspname from pg_namespace order by 1");
  const before = await schemas();

  const first = await inspect();

  assert.deepEqual(await schemas(), before);
  assert.deepEqual([first.replica, first.problems], [null, []]);
  assert.equal(first.plan?.kind === "rebuild" && first.plan.reason, "first");
  assert.deepEqual(new Set(Object.values(fates(first))), new Set(["new"]));

  await remote.ask(app(), "check", {});
  const stored = async () => [await contents(db, "electric_replica"), await contents(db)];
  const after = await stored();
  await inspect();
  assert.deepEqual(await stored(), after);
});

test("no value of a row is on the channel before somebody asks for rows", async (t) => {
  const demo = await serve(t);
  const { app, remote, db, inspect } = await exposed(t, demo);
  const heard: string[] = [];
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => void heard.push(JSON.stringify(data));
  t.after(() => {
    channel.close();
  });
  await remote.ask(app(), "check", {});
  await inspect();
  await remote.ask(app(), "timeline", {});
  const { rows } = await db.query<{ email: string }>("select email from users order by id limit 1");
  const email = rows[0]?.email ?? "";
  await soon(() => assert.ok(heard.some((text) => text.includes("erDiagram"))));
  assert.ok(email.length > 5);
  assert.deepEqual(heard.filter((text) => text.includes(email)), []);

  const sample = await remote.ask(app(), "sample", { table: "users", columns: ["id", "email"] });

  assert.deepEqual(sample.columns, ["id", "email"]);
  assert.equal(sample.rows.length, 20);
  assert.ok(sample.rows.every((row) => row.length === 2 && row.every((value) => typeof value === "string")));
});

test("a table that other code has emptied or dropped is seen", async (t) => {
  const demo = await serve(t);
  const { db, app, remote, inspect } = await exposed(t, demo);
  await remote.ask(app(), "check", {});
  await db.exec("truncate users; drop table companies; create table stray (id int primary key)");

  const found = await inspect();

  const { standing, fate, rows, expectedRows } = named(found, "users");
  assert.deepEqual([standing, fate, rows], ["altered", "refetched", 0]);
  assert.ok((expectedRows ?? 0) > 0);
  assert.equal(named(found, "companies").standing, "missing");
  assert.equal(found.plan?.kind === "rebuild" && found.plan.reason, "repair");
  assert.equal(found.tables.some(({ name }) => name === "stray"), false);
});

test("what a call fails with is told with its code, and a server that is gone leaves the rest to be seen", async (t) => {
  const demo = await serve(t);
  let isGone = false;
  const { app, remote, inspect } = await exposed(t, demo, {
    fetch: (url, init) => (isGone ? Promise.reject(new TypeError("no network")) : fetch(url, init)),
  });
  await remote.ask(app(), "check", {});
  await assert.rejects(remote.ask(app(), "rollback", {}), { code: "NO_PREVIOUS" });
  await assert.rejects(remote.ask(app(), "sample", { table: 'users" where', columns: [] }), { code: "INVALID_NAME" });
  await assert.rejects(remote.ask(app(), "sample", { table: "nothing", columns: ["id"] }), { code: "DATABASE_FAILED" });

  isGone = true;
  const found = await inspect();

  assert.deepEqual([found.server, found.plan], [null, null]);
  assert.deepEqual(found.problems.map(({ code }) => code), ["SERVER_UNREACHABLE"]);
  assert.equal(named(found, "companies").standing, "sealed");
});

test("a replica that was rolled back, verified and purged is shown as that", async (t) => {
  const demo = await serve(t);
  const { app, remote, inspect } = await exposed(t, demo, { keepPreviousMs: 60_000 });
  await remote.ask(app(), "check", {});
  await demo.deploy();
  await remote.ask(app(), "check", {});
  const migrated = await inspect();
  assert.ok(Number(migrated.replica?.keptUntil) > Date.now());

  assert.equal(await remote.ask(app(), "rollback", {}), true);
  const held = await inspect();
  assert.equal(held.replica?.held, migrated.replica?.version);
  assert.notEqual(held.replica?.version, migrated.replica?.version);
  assert.equal(await remote.ask(app(), "verify", { server: false }), true);

  assert.equal(await remote.ask(app(), "purge", {}), true);
  const purged = await inspect();
  assert.equal(purged.replica, null);
  assert.ok(purged.tables.every(({ standing, fate }) => standing === "missing" && fate === "new"));
});

test("a server that sends SQL is read as the replica reads it", async (t) => {
  const demo = await serve(t);
  const answer = (body: object) => Promise.resolve(new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } }));
  const { inspect } = await exposed(t, demo, {
    fetch: (url) => answer(url.endsWith("/version") ? { version: "1" } : { notes: "CREATE TABLE notes (id int PRIMARY KEY, body text)" }),
  });

  const found = await inspect();

  assert.deepEqual(found.problems, []);
  assert.deepEqual(named(found, "notes").columns.map(({ name, type }) => [name, type]), [["id", "int4"], ["body", "text"]]);
});

test("where Electric says the structure, it is asked for that", async (t) => {
  const demo = await serve(t);
  const { app, remote, inspect } = await exposed(t, demo, { schemaSource: "electric", tables: ["companies", "users"] });
  await remote.ask(app(), "check", {});

  const found = await inspect();

  assert.deepEqual(found.problems, []);
  assert.deepEqual([found.plan, found.tables.map(({ name }) => name)], [{ kind: "up-to-date" }, ["companies", "users"]]);
});

test("a page that ends, or whose manager is closed, is gone, and what was asked of it is told as lost", async (t) => {
  const demo = await serve(t);
  const { app, remote, pages, end, manager } = await exposed(t, demo);
  const id = app();
  end();
  await soon(() => assert.equal(pages().length, 0));

  const db = await emptyPostgres();
  t.after(() => db.close());
  const stopped = exposeReplica({ db, baseUrl: `${demo.url}/api/electric`, manager });
  t.after(stopped);
  await soon(() => assert.equal(pages().length, 1));
  assert.notEqual(app(), id);
  const lost = assert.rejects(remote.ask(app(), "verify", { server: false }), { code: "CLOSED" });
  await manager.close();
  await lost;
  await soon(() => assert.equal(pages().length, 0));
});

test("what is no message of these is left alone", async (t) => {
  const demo = await serve(t);
  const { app, inspect } = await exposed(t, demo);
  const channel = new BroadcastChannel(CHANNEL);
  t.after(() => {
    channel.close();
  });
  for (const stranger of [null, 7, "who", {}, { kind: 1 }, { kind: "other" }, { kind: "ask", app: "another", ask: "1", call: { name: "purge" } }]) channel.postMessage(stranger);

  const found = await eventually(inspect);
  assert.notEqual(app(), "nobody");
  assert.deepEqual(found.problems, []);
});
