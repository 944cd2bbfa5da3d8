/** What makes a manager look at the server by itself, where it takes a whole one to see it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { createReplicaManager } from "electric-replica";

import { database, eventually } from "./support/world.ts";

test("a manager that is to check on load does so by itself, and one that is not does not", async (t) => {
  const asked: string[] = [];
  const manage = async (name: string, onLoad: boolean) => {
    const db = await database(t);
    const send = (url: string) => {
      asked.push(`${name} ${url}`);
      return Promise.resolve(new Response(null, { status: 404 }));
    };
    const manager = await createReplicaManager({ db, baseUrl: "http://localhost", fetch: send, check: { onLoad } });
    t.after(() => manager.close());
  };

  await manage("waits", false);
  await manage("looks", true);

  await eventually(() => Promise.resolve().then(() => assert.deepEqual(asked, ["looks http://localhost/version"])));
});

test("a manager that was called once goes on looking by itself", async (t) => {
  let asked = 0;
  const send = () => {
    asked += 1;
    return Promise.resolve(new Response(null, { status: 404 }));
  };
  const manager = await createReplicaManager({
    db: await database(t),
    baseUrl: "http://localhost",
    fetch: send,
    check: { everyMs: 20 },
    limits: { throttleMs: 0 },
  });
  t.after(() => manager.close());

  // No retry follows an endpoint that is not there: whatever is asked again is asked by a look.
  await assert.rejects(manager.checkAndMigrate(), { code: "VERSION_UNAVAILABLE" });

  await eventually(() => Promise.resolve().then(() => assert.ok(asked >= 3, String(asked))));
});
