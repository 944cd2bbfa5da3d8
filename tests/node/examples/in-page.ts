/** Examples for a page, each with what has to be so once it has run. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import type { PGlite } from "@electric-sql/pglite";
import { createReplicaManager } from "electric-replica";
import type { MigrationBannerElement, ReplicaDatabase, ReplicaManager } from "electric-replica";
import { MigrationBanner, provideReplica, useReplica } from "electric-replica/vue";
import type { Replica } from "electric-replica/vue";
import { createApp } from "vue";
import type { App, Component } from "vue";

import { CHANNEL } from "../../../js/devtools/messages.ts";
import { contents, database, eventually, manage, soon } from "../support/world.ts";
import { given } from "./running.ts";
import type { Run, Running } from "./running.ts";

interface Page {
  db: PGlite;
  replica: ReplicaManager;
}

/** What the elements say that a selector finds. */
const said = (selector: string): string[] => Array.from(document.querySelectorAll(selector), ({ textContent }) => textContent);

const NAMES = ["Ada", "Grace", "Linus"];

/** Every row that the server has, and no other. */
const equal = ({ demo }: Running, db: ReplicaDatabase): Promise<void> => eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream)));

/** Deploys the app's next migration, after which the server has a column more. */
async function deploy({ demo }: Running): Promise<string> {
  const migration = await demo.deploy();
  assert.ok(migration);
  return migration.tag;
}

/** An app that was mounted, and what it was provided with. */
async function mounted({ t, keep }: Running, app: App): Promise<Replica> {
  const replica = app.runWithContext(() => useReplica());
  await soon(() => assert.notEqual(replica.value, undefined));
  const { value } = replica;
  assert.ok(value);
  t.after(() => app.unmount());
  keep(value.manager);
  return value;
}

/** Those that deploy a migration: each needs a server of its own, which has the first one. */
export const FROM_THE_FIRST: Record<string, Run> = {
  "README.md › In the page": async (world) => {
    const table = world.t.mock.method(console, "table", () => undefined);
    const { db, replica } = await world.run<Page>("db", "replica");
    const banners: string[] = [];
    replica.on("migration:start", () => banners.push(...said("p")));
    await equal(world, db);
    assert.deepEqual(said("p"), [""]);

    const to = await deploy(world);
    assert.equal(await replica.checkAndMigrate(), true);
    await equal(world, db);
    assert.deepEqual([banners, said("p")], [[`Updating database schema to ${to}…`], [""]]);
    const columns = (call: { arguments: unknown[] } | undefined) => Object.keys((call?.arguments[0] as object[])[0] ?? {});
    await soon(() => assert.deepEqual([table.mock.calls[0], table.mock.calls.at(-1)].map(columns), [["id", "name"], ["id", "name", "email"]]));
  },

  "README.md › Asking before a rebuild": async (world) => {
    const asked: string[] = [];
    given(world.t, { confirm: (question: string) => asked.push(question) > 0 });
    const { replica } = await world.run<Page>("replica");
    const [db] = world.kept;
    assert.ok(db);
    await equal(world, db);

    const to = await deploy(world);
    await replica.checkAndMigrate();
    await soon(() => assert.equal(replica.version, to));
    assert.deepEqual(asked, [`Version ${to} is there. Update now?`]);
    await equal(world, db);
  },

  "docs/guide/javascript.md › In plain JavaScript": async (world) => {
    const { replica } = await world.run<Page>("replica");
    assert.equal(document.querySelectorAll("electric-migration-banner").length, 1);
    await soon(() => assert.deepEqual(said("li"), NAMES));

    await deploy(world);
    await replica.checkAndMigrate();
    await world.demo.upstream.exec("update users set name = 'Alan' where name = 'Ada'");
    await soon(() => assert.deepEqual(said("li"), ["Alan", "Grace", "Linus"]));
  },
};

/** That PGlite extends its files by writing, with which loads take time in proportion to their rows. */
const startedSo: Run = async ({ run }) => {
  const { db } = await run<Page>("db");
  const { rows } = await db.query<{ method: string }>("select current_setting('file_extend_method') as method");
  assert.deepEqual(rows, [{ method: "write_zeros" }]);
};

export const IN_PAGE: Record<string, Run> = {
  "README.md › In Vue, and a banner": async (world) => {
    const { app } = await world.run<{ app: App }>("app");
    const { manager, db } = await mounted(world, app);
    await manager.checkAndMigrate();
    await equal(world, db);
    assert.equal(document.querySelectorAll("#app main").length, 1);
  },

  "README.md › A sync of your own": async (world) => {
    const { db, replica } = await world.run<Page>("db", "replica");
    const users = async (of: { query(sql: string): Promise<unknown> }) => (await of.query("select * from users order by id")) as object;
    await eventually(async () => assert.deepEqual(((await users(db)) as { rows: object[] }).rows, await users(world.demo.upstream)));
    assert.equal(replica.status, "ready");
  },

  "README.md › One owner at a time": async (world) => {
    const { loggedIn } = await world.run<{ loggedIn: (db: PGlite, user: { id: string }) => Promise<ReplicaManager> }>("loggedIn");
    const db = await database(world.t);
    const purged: string[] = [];
    for (const id of ["ada", "grace"]) {
      const replica = await loggedIn(db, { id });
      world.keep(replica);
      replica.on("purged", ({ reason }) => purged.push(reason));
      await equal(world, db);
      await replica.close();
    }
    assert.deepEqual(purged, []);
  },

  "README.md › Taking a replica along": async (world) => {
    const { manager } = await manage(world.t, world.demo, { db: await database(world.t) });
    await manager.checkAndMigrate();
    const { openFrom } = await world.run<{ openFrom: (address: string) => Promise<ReplicaManager> }>("openFrom");
    const replica = await openFrom(URL.createObjectURL(await manager.snapshot()));
    world.keep(replica);
    assert.deepEqual([replica.status, replica.version], ["ready", manager.version]);
  },

  "README.md › How fast it is": startedSo,
  "docs/reference/electric-replica.md › replicaStartParams": startedSo,

  "docs/reference/electric-replica.md › restore()": async (world) => {
    const before = await database(world.t);
    await before.exec("create table noted (word text); insert into noted values ('kept')");
    const { opened } = await world.run<{ opened: (snapshot: Blob) => Promise<PGlite> }>("opened");
    assert.deepEqual(await contents(await opened(await before.dumpDataDir("none"))), await contents(before));
  },

  "pkg/README.md › electric-replica": async (world) => {
    const shown: string[] = [];
    given(world.t, { showBanner: (text: string) => shown.push(text), hideBanner: () => shown.push("hidden") });
    const { db } = await world.run<Page>("db", "replica");
    await equal(world, db);
    await soon(() => assert.deepEqual(shown, ["Updating database schema…", "hidden"]));
  },

  "docs/guide/README.md › When something fails": async (world) => {
    const { report } = await world.run<{ report: (replica: ReplicaManager) => void }>("report");
    const told = world.t.mock.method(console, "error", () => undefined);
    const { manager } = await manage(world.t, world.demo, { db: await database(world.t), tables: ["nothing"] });
    report(manager);
    await assert.rejects(manager.checkAndMigrate());
    await soon(() => assert.equal(told.mock.calls[0]?.arguments[0], "INVALID_OPTIONS"));
  },

  "docs/guide/banner.md › The banner": async (world) => {
    await world.run();
    const banner = document.querySelector<MigrationBannerElement>("electric-migration-banner");
    const text = () => banner?.shadowRoot?.querySelector("[role=status]")?.textContent ?? "nothing";
    const { manager } = await manage(world.t, world.demo, { db: await database(world.t) });
    const texts: string[] = [];
    manager.on("migration:progress", () => texts.push(text()));
    await manager.checkAndMigrate();
    await soon(() => assert.equal(text(), ""));
    assert.ok(texts.includes("Loading your data…"));
  },

  "docs/guide/bundlers.md › Loading ahead": async ({ t, run }) => {
    const kept: string[] = [];
    given(t, { caches: { open: () => Promise.resolve({ addAll: (files: string[]) => Promise.resolve(kept.push(...files)) }) } });
    await run();
    assert.equal(kept.length, 2);
    for (const file of kept) assert.equal((await readFile(new URL(file))).toString("latin1", 0, 4), "\0asm");
  },

  "docs/guide/devtools.md › In the app's page": async ({ t, run }) => {
    const channel = new BroadcastChannel(CHANNEL);
    t.after(() => channel.close());
    const heard: unknown[] = [];
    channel.addEventListener("message", ({ data }: MessageEvent<{ kind: string }>) => heard.push(data.kind));
    const { manager } = await run<{ manager: ReplicaManager }>("manager");
    channel.postMessage({ kind: "who" });
    await soon(() => assert.equal(heard.includes("here"), true));
    await manager.close();
    await soon(() => assert.equal(heard.at(-1), "gone"));
  },

  "docs/guide/moving-from-pglite-sync.md › Replace it": async ({ demo, run }) => {
    const { db, replica } = await run<Page>("db", "replica");
    const { todos = [], ...others } = await contents(db);
    const { countries, todos: all = [] } = await contents(demo.upstream);
    assert.deepEqual(others, { countries });
    assert.deepEqual(todos, all.filter((row) => (JSON.parse(row) as { list_id: string }).list_id === "7"));
    assert.ok(todos.length > 0 && todos.length < all.length);
    assert.equal(replica.status, "ready");
  },

  "docs/guide/nuxt.md › In Nuxt (4)": async (world) => {
    const { default: component } = await world.run<{ default: Component }>("default");
    const db = await database(world.t);
    const { manager } = await manage(world.t, world.demo, { db });
    // What the module does for the app.
    const app = createApp(component).component("MigrationBanner", MigrationBanner);
    provideReplica({ manager, db }, app);
    app.mount("#app");
    await mounted(world, app);
    await manager.checkAndMigrate();
    await soon(() => assert.deepEqual(said("#app li"), ["Order bulbs", "Sow the beans"]));
    assert.equal(document.querySelectorAll("#app electric-migration-banner").length, 1);
  },

  "docs/guide/nuxt.md › Functions, and a database of your own": async ({ t, demo, run, keep }) => {
    given(t, { defineReplica: (factory: unknown) => factory });
    const { default: factory } = await run<{ default: () => Promise<Replica & { headers: () => Record<string, string> }> }>("default");
    const own = await factory();
    const asked: unknown[] = [];
    const fetched = async (input: string, init: RequestInit) => (asked.push(new Headers(init.headers).get("x-user")), fetch(input, init));
    const manager = await createReplicaManager({ ...own, baseUrl: `${demo.url}/api/electric`, fetch: fetched });
    keep(manager);
    await manager.checkAndMigrate();
    assert.deepEqual([...new Set(asked)], ["ada"]);
  },

  "docs/guide/vue.md › In Vue": async (world) => {
    const { app } = await world.run<{ app: App }>("app");
    await mounted(world, app);
    await soon(() => assert.deepEqual(said("#app li"), ["Ada"]));
    await world.demo.upstream.exec("insert into users (name) values ('Anton')");
    await soon(() => assert.deepEqual(said("#app li"), ["Ada", "Anton"]));
    await world.demo.upstream.exec("delete from users where name = 'Anton'");
  },
};
