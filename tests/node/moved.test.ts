/** A database that tabs share, over real PGlites: the tab that runs it ends, and the next one finds the files as they were a while before. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";

import type { PGlite } from "@electric-sql/pglite";

import { read } from "./support/protocol.ts";
import { contents, database, eventually, manage, serve } from "./support/world.ts";

type Call = (sql: string, ...rest: unknown[]) => Promise<unknown>;
interface Session {
  query: Call;
  exec: Call;
}

/** What looks like a PGliteWorker with `relaxedDurability`. `loaded` is called after each piece of rows that is loaded by itself. */
async function shared(t: TestContext, loaded: (nth: number) => Promise<void> = () => Promise.resolve()) {
  const listeners = new Set<() => void>();
  let running: PGlite = await database(t);
  let stored: PGlite | undefined;
  let pieces = 0;
  const db = {
    query: (sql: string, params?: unknown[], options?: object) => running.query(sql, params, options),
    exec: (sql: string, options?: object) => running.exec(sql, options),
    execProtocol: async (message: Uint8Array, options?: object) => {
      const done = await running.execProtocol(message, options);
      if (read(message).some(([kind]) => kind === "d")) await loaded((pieces += 1));
      return done;
    },
    transaction: (body: (session: Session) => Promise<unknown>) => running.transaction((session) => body(session as unknown as Session)),
    syncToFs: () => Promise.resolve(),
    onLeaderChange: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return {
    db,
    /** What the files have from now on, whatever is done. */
    store: async () => {
      stored = (await running.clone()) as PGlite;
      t.after(() => stored?.close());
    },
    /** The tab that runs the database ends. */
    end: () => {
      if (!stored) throw new Error("nothing is stored");
      running = stored;
      for (const listener of [...listeners]) listener();
    },
    contents: () => contents(running),
  };
}

test("rows that were told as loaded and went with their tab are loaded again", async (t) => {
  const demo = await serve(t, { rows: 2_000 });
  let ended = false;
  const world = await shared(t, async (nth) => {
    if (nth === 1) await world.store();
    if (nth !== 3) return;
    // Between two pieces: one that is under way fails by itself.
    setImmediate(world.end);
    ended = true;
  });
  const { manager } = await manage(t, demo, { db: world.db, lockName: false, limits: { pieceBytes: 1, spreadMs: 0 } });

  await manager.checkAndMigrate().catch(() => undefined); // told as failed, or begun anew

  assert.ok(ended, "there were not as many pieces");
  await eventually(async () => assert.deepEqual(await world.contents(), await contents(demo.upstream)));
});

test("changes that were told as applied and went with their tab are applied again, and so is what follows", async (t) => {
  const demo = await serve(t);
  const world = await shared(t);
  const { manager } = await manage(t, demo, { db: world.db, lockName: false });
  await manager.checkAndMigrate();
  const same = () => eventually(async () => assert.deepEqual(await world.contents(), await contents(demo.upstream)));
  await same();

  await world.store();
  await demo.upstream.query("insert into companies (name) select 'gone ' || n from generate_series(1, 20) n");
  await same();
  world.end();
  await demo.upstream.query("insert into companies (name) values ('after')");
  await same();
});

test("what was dropped and comes back with the tab before is dropped again", async (t) => {
  const demo = await serve(t);
  const world = await shared(t);
  const { manager } = await manage(t, demo, { db: world.db, lockName: false });
  await manager.checkAndMigrate();

  await world.store();
  await manager.purge();
  assert.deepEqual(await world.contents(), {});
  world.end();
  await eventually(async () => assert.deepEqual(await world.contents(), {}));
  assert.equal(manager.version, undefined);
});
