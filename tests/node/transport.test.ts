/** The manager's own life: shared runs, closing, headers, listeners, and faults under the live tail. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";

import { ReplicaError } from "electric-replica";

import type { ShapeFault } from "../../www/server/faults.ts";
import { Broken, check, closesEachStart, isFresh, json, recorded, rejection } from "./support/broken.ts";
import { contents, eventually } from "./support/world.ts";

let broken: Broken;
before(async () => {
  broken = await Broken.start({ longPollMs: 300 });
});
after(() => broken.end());

test("calls at one time share one run", async (t) => {
  broken.deploy();
  const { manager, events } = await broken.manage(broken.full);
  t.after(() => broken.closeAll());
  const from = broken.asked.length;

  assert.deepEqual(await Promise.all([manager.checkAndMigrate(), manager.checkAndMigrate(), manager.checkAndMigrate()]), [true, true, true]);

  assert.deepEqual(events.map(({ type }) => type), ["migration:start", "migration:complete"]);
  assert.equal(broken.asked.slice(from).filter(({ pathname }) => pathname.endsWith("/version")).length, 1);
});

for (const [name, how] of Object.entries({
  "closing": (manager: { close(): Promise<void> }) => manager.close(),
  "the app's signal": (_manager: unknown, abort: AbortController) => {
    abort.abort();
    return Promise.resolve();
  },
})) {
  test(`${name} during a rebuild leaves the old rows, and nothing goes on`, async (t) => {
    const [rows, record] = [await contents(broken.full), await recorded(broken.full)];
    broken.deploy();
    let asked: (signal: AbortSignal) => void = () => undefined;
    const asking = new Promise<AbortSignal>((resolve) => (asked = resolve));
    broken.break({
      spoil: (url, init) => {
        if (!isFresh(url)) return undefined;
        asked(init.signal as AbortSignal);
        return new Promise(() => undefined);
      },
    });
    t.after(() => broken.closeAll());
    t.after(() => broken.heal());
    const abort = new AbortController();
    const { manager, events } = await broken.manage(broken.full, { signal: abort.signal });
    const run = rejection(manager.checkAndMigrate());
    const request = await asking;

    await how(manager, abort);

    check(await run, "CLOSED", false);
    check(await rejection(manager.checkAndMigrate()), "CLOSED", false);
    assert.equal(manager.status, "closed");
    if (!request.aborted) await once(request, "abort");
    const from = broken.asked.length;
    assert.deepEqual(await contents(broken.full), rows);
    assert.deepEqual(await recorded(broken.full), record);
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal(broken.asked.length, from, "something was asked after the end");
    closesEachStart(events);
    assert.equal(events.length, 2);

    broken.heal();
    const next = await broken.manage(broken.full);
    assert.equal(await next.manager.checkAndMigrate(), true, "the next start makes up for it");
    assert.deepEqual(await contents(broken.full), await contents(broken.demo.upstream));
    await next.manager.close();
  });
}

test("a signal that was aborted before closes the manager at once", async () => {
  const { manager } = await broken.manage(broken.full, { signal: AbortSignal.abort() });
  check(await rejection(manager.checkAndMigrate()), "CLOSED", false);
});

test("headers are made anew for every request, and a failure of theirs is no answer", async (t) => {
  broken.deploy();
  let made = 0;
  const seen: (string | undefined)[] = [];
  const headers = () => Promise.resolve({ authorization: `a-token-that-nobody-may-see-${++made}` });
  const send = (input: string, init: RequestInit) => {
    seen.push((init.headers as Record<string, string>)["authorization"]);
    return broken.fetch(input, init);
  };
  const { manager } = await broken.manage(broken.full, { fetch: send, headers });
  t.after(() => broken.closeAll());
  assert.equal(await manager.checkAndMigrate(), true);
  assert.ok(seen.length > 6);
  assert.deepEqual(seen, seen.map((_, at) => `a-token-that-nobody-may-see-${at + 1}`));
  await manager.close();

  const failing = await broken.manage(broken.empty, {
    headers: () => {
      throw new Error("a-token-that-nobody-may-see");
    },
  });
  check(await rejection(failing.manager.checkAndMigrate()), "SERVER_UNREACHABLE", true);
});

test("a listener that throws stops no other, and its error is reported as uncaught", async (t) => {
  broken.deploy();
  const { manager, events } = await broken.manage(broken.full);
  t.after(() => broken.closeAll());
  const reported: unknown[] = [];
  // node:test fails on an uncaught error, as it should: for this one it is told not to look.
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => reported.push(error));
  t.after(() => {
    process.removeAllListeners("uncaughtException");
    for (const other of others) process.on("uncaughtException", other);
  });
  const thrown = new Error("the app's own");
  manager.on("migration:start", () => {
    throw thrown;
  });
  const after: string[] = [];
  manager.on("migration:start", ({ type }) => after.push(type));

  assert.equal(await manager.checkAndMigrate(), true);

  assert.deepEqual(after, ["migration:start"]);
  assert.deepEqual(reported, [thrown]);
  closesEachStart(events);
});

const LIVE: ShapeFault["kind"][] = ["content-type", "truncate", "missing-headers", "rate-limit", "server-error", "down", "stale-conflict"];
for (const kind of LIVE) {
  test(`${kind} on live requests loses no row, and what was written meanwhile arrives`, async (t) => {
    const { manager, events } = await broken.manage(broken.full);
    t.after(() => broken.closeAll());
    await manager.checkAndMigrate();
    const rows = (await contents(broken.full))["companies"];
    broken.break({ faults: { shape: { kind, live: true, table: "companies", afterBytes: 5 } } });
    t.after(() => broken.heal());
    await broken.demo.upstream.query(`insert into companies (name) values ('${kind}')`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const now = (await contents(broken.full))["companies"] ?? [];
    for (const row of rows ?? []) assert.ok(now.includes(row), `${row} is gone`);

    broken.heal();

    await eventually(async () => assert.deepEqual(await contents(broken.full), await contents(broken.demo.upstream)));
    await manager.close();
    closesEachStart(events);
    for (const event of events) if (event.type === "migration:error") assert.ok(event.error instanceof ReplicaError);
  });
}

test("a forced migration to a version that the server is not at is INVALID_OPTIONS", async (t) => {
  const { manager } = await broken.manage(broken.full);
  t.after(() => broken.closeAll());
  check(await rejection(manager.runMigration("never")), "INVALID_OPTIONS", false);
});

test("a server that is healed is found by itself", async (t) => {
  broken.break({ spoil: (url) => (url.pathname.endsWith("/version") ? json({}, 500) : undefined) });
  const { manager } = await broken.manage(broken.full);
  t.after(() => broken.closeAll());
  broken.deploy();
  assert.equal(await manager.checkAndMigrate(), false);
  assert.equal(manager.status, "offline");

  broken.heal();

  await eventually(() => {
    assert.equal(manager.version, broken.version);
    return Promise.resolve();
  });
});
