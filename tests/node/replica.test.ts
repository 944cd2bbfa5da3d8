/** The whole replica in Node: real PGlite, real drizzle migrations, the development shape server. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { query } from "./support/protocol.ts";
import { contents, database, eventually, manage, serve } from "./support/world.ts";

test("a first start sets the replica up and answers false", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const world = await manage(t, demo, { db });

  assert.equal(await world.manager.checkAndMigrate(), false);

  assert.equal(world.manager.status, "ready");
  assert.equal(world.manager.version, demo.newest.tag);
  assert.deepEqual(await contents(db), await contents(demo.upstream));
  assert.deepEqual(world.told(), ["migration:start", "migration:complete"]);
});

test("every migration of a real drizzle folder ends with the server's rows, and readers never see a table missing", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const { manager, events } = await manage(t, demo, { db });
  await manager.checkAndMigrate();
  const watcher = await watch(db);

  for (let migration = await demo.deploy(); migration !== undefined; migration = await demo.deploy()) {
    const changed = await manager.checkAndMigrate();
    assert.equal(manager.version, migration.tag);
    t.diagnostic(`${migration.tag}: ${changed ? "rebuilt" : "adopted"}`);
    await eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream), migration.tag));
  }

  assert.deepEqual(await watcher.end(), []);
  const failures = events.filter((event) => event.type === "migration:error");
  assert.deepEqual(failures, []);
});

test("rows that are loaded while the app has a transaction of its own open are not rolled back with it", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  let open = 0;
  const opened = new Proxy(db, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name !== "execProtocol") return typeof value === "function" ? (value.bind(target) as unknown) : value;
      return async (message: Uint8Array, options?: object) => {
        await target.execProtocol(query("BEGIN"));
        open += 1;
        try {
          return await target.execProtocol(message, options);
        } finally {
          await target.execProtocol(query("ROLLBACK"));
        }
      };
    },
  });
  const { manager } = await manage(t, demo, { db: opened, limits: { pieceBytes: 1 } });

  await manager.checkAndMigrate();

  assert.ok(open > 0, "no piece was loaded by itself");
  assert.deepEqual(await contents(db), await contents(demo.upstream));
});

test("a second start downloads no row", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const first = await manage(t, demo, { db });
  await first.manager.checkAndMigrate();
  await first.manager.close();
  const asked: URL[] = [];
  const spy = (input: string, init: RequestInit) => {
    asked.push(new URL(input));
    return fetch(input, init);
  };

  const second = await manage(t, demo, { db, fetch: spy });
  assert.equal(await second.manager.checkAndMigrate(), false);
  await eventually(() => {
    assert.ok(asked.some((url) => url.searchParams.get("live") === "true"), "nothing is followed yet");
    return Promise.resolve();
  });

  const paths = asked.filter((url) => !url.pathname.endsWith("/shape")).map((url) => url.pathname);
  assert.deepEqual(paths, ["/api/electric/version"]);
  assert.ok(asked.every((url) => url.searchParams.get("offset") !== "-1"));
});

test("without endpoints, what Electric says of its shapes is followed through a migration", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const asked = new Set<string>();
  const spy = (input: string, init: RequestInit) => {
    asked.add(new URL(input).pathname);
    return fetch(input, init);
  };
  const tables = ["users", "companies", "workspaces", "data_tables", "data_table_columns"];
  const { manager, events } = await manage(t, demo, { db, fetch: spy, schemaSource: "electric", tables });

  assert.equal(await manager.checkAndMigrate(), false);
  assert.match(manager.version ?? "", /^electric-[0-9a-f]{12}$/);
  await eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream)));

  const version = manager.version;
  await demo.deploy();
  await eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream)));
  await eventually(() => {
    assert.notEqual(manager.version, version);
    return Promise.resolve();
  });
  assert.deepEqual([...asked], ["/api/electric/shape"]);
  assert.deepEqual(events.filter((event) => event.type === "migration:error"), []);
});

test("a table that other code empties, or makes anew with the same structure, is fetched again while its rows of now stay in sight", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const { manager, events } = await manage(t, demo, { db });
  await manager.checkAndMigrate();
  const structure = `create table other (like companies including all); drop table companies; alter table other rename to companies`;
  for (const [table, meddling] of [["data_table_columns", "truncate data_table_columns"], ["companies", structure]] as const) {
    await db.exec(meddling);
    events.length = 0;

    assert.equal(await manager.checkAndMigrate(), true);
    assert.deepEqual(await contents(db), await contents(demo.upstream));
    const started = events.find((event) => event.type === "migration:start");
    assert.deepEqual([started?.reason, started?.tables], ["repair", [table]]);
    assert.equal(await manager.checkAndMigrate(), false);
  }
});

test("writes on the server arrive, whatever they do to a row", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const { manager } = await manage(t, demo, { db });
  await manager.checkAndMigrate();

  await demo.upstream.query(`update users set name = E'tab\\t, quote " and \\\\N' where id = (select min(id::text)::uuid from users)`);
  await demo.upstream.query(`update data_table_columns set name = 'renamed' where id in (select id from data_table_columns order by id::text limit 20)`);
  await demo.upstream.query(`delete from data_table_columns where id in (select id from data_table_columns order by id::text desc limit 5)`);

  await eventually(async () => assert.deepEqual(await contents(db), await contents(demo.upstream)));
});

test("a replica that is to stand in another schema from now on is built there", async (t) => {
  const demo = await serve(t);
  const db = await database(t);
  const first = await manage(t, demo, { db });
  await first.manager.checkAndMigrate();
  await first.manager.close();

  for (const strategy of ["swap", "in-place"] as const) {
    const schema = `app_${strategy}`;
    const { manager, events } = await manage(t, demo, { db, schema, strategy });
    await manager.checkAndMigrate();
    assert.deepEqual(events.filter((event) => event.type === "migration:error"), []);
    assert.deepEqual(await contents(db, schema), await contents(demo.upstream));
    await manager.close();
  }
});

/** Reads the widest table as fast as it can; tells every time it was missing, or had not the rows it has now: no migration changes how many. */
async function watch(db: { query(sql: string): Promise<{ rows: unknown[] }> }) {
  const count = async () => {
    const { rows } = await db.query("select count(*)::int as n from data_table_columns");
    return (rows[0] as { n: number }).n;
  };
  const whole = await count();
  assert.notEqual(whole, 0);
  const seen: string[] = [];
  const state = { going: true };
  const loop = (async () => {
    while (state.going) {
      try {
        const now = await count();
        if (now !== whole) seen.push(`${now} rows of ${whole}`);
      } catch (error) {
        seen.push(String(error));
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  return {
    async end() {
      state.going = false;
      await loop;
      return seen;
    },
  };
}
