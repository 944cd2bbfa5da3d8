/** How much room a page has, and whether the browser keeps what is in it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { persist, room } from "../../js/storage.ts";
import { database, manage, serve } from "./support/world.ts";

const nothing = () => Promise.resolve();
const kept = { dataDir: "idb://app", transaction: nothing, query: nothing, exec: nothing, execProtocol: nothing };

test("the room of a page is what its quota leaves, and never below nothing", async () => {
  const says = (quota?: number, usage?: number) => ({ estimate: () => Promise.resolve({ ...(quota === undefined ? {} : { quota }), ...(usage === undefined ? {} : { usage }) }) });
  assert.equal(await room(kept, says(100, 30)), 70);
  assert.equal(await room(kept, says(30, 100)), 0);
  const shared = { transaction: nothing, query: nothing, exec: nothing, execProtocol: nothing, onLeaderChange: nothing };
  assert.equal(await room(shared, says(100, 30)), 70);
});

test("where the browser does not say, or keeps nothing of the database, nobody knows", async () => {
  assert.equal(await room(kept, {}), undefined);
  assert.equal(await room(kept, { estimate: () => Promise.resolve({ usage: 7 }) }), undefined);
  const { transaction, query, exec, execProtocol } = kept;
  for (const files of [{ dataDir: "memory://" }, { dataDir: "" }, {}]) {
    assert.equal(await room({ transaction, query, exec, execProtocol, ...files }, { estimate: () => Promise.resolve({ quota: 100, usage: 30 }) }), undefined);
  }
});

test("a browser that is asked to keep the database may agree, refuse, or know nothing of it", async () => {
  assert.equal(await persist({ persist: () => Promise.resolve(true) }), true);
  assert.equal(await persist({ persist: () => Promise.resolve(false) }), false);
  assert.equal(await persist({ persist: () => Promise.reject(new Error("not now")) }), false);
  assert.equal(await persist({}), false);
});

test("an app that wants its database kept is told once where the browser does not agree, and not before its first call", async (t) => {
  const [demo, db] = [await serve(t), await database(t)];
  const { manager, events } = await manage(t, demo, { db, persist: true });
  const codes = () => events.flatMap((event) => (event.type === "warning" ? [event.code] : []));
  assert.deepEqual(codes(), []);
  await manager.checkAndMigrate();
  await manager.checkAndMigrate();
  assert.deepEqual(codes(), ["NOT_PERSISTED"]); // Node has no such storage

  const silent = await manage(t, demo, { db: await database(t) });
  await silent.manager.checkAndMigrate();
  assert.deepEqual(silent.events.filter((event) => event.type === "warning"), []);
});

test("where the browser agrees to keep the database nothing is told, and it is asked once", async (t) => {
  let asked = 0;
  const storage = {
    persist: () => {
      asked += 1;
      return Promise.resolve(true);
    },
  };
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { storage }, configurable: true });
  t.after(() => (before ? Object.defineProperty(globalThis, "navigator", before) : Reflect.deleteProperty(globalThis, "navigator")));
  const { manager, events } = await manage(t, await serve(t), { db: await database(t), persist: true });
  await manager.checkAndMigrate();
  await manager.checkAndMigrate();
  assert.equal(asked, 1);
  assert.deepEqual(events.filter((event) => event.type === "warning"), []);
});
