/** What is wrong before anything is asked: options, the database, the place the package is imported in. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";

import { createReplicaManager, type ReplicaErrorCode, type ReplicaOptions } from "electric-replica";

import { Broken, check, leftovers, LIMITS, refuses, rejection } from "./support/broken.ts";

let broken: Broken;
before(async () => {
  broken = await Broken.start();
});
after(() => broken.end());

const noop = () => Promise.resolve(undefined);
const NOT_DATABASES: Record<string, unknown> = {
  "nothing": undefined,
  "null": null,
  "an empty object": {},
  "a text": "row-data",
  "a number": 7,
  "an object without transaction": { query: noop, exec: noop },
  "an object without query": { transaction: noop, exec: noop },
  "an object without execProtocol": { transaction: noop, query: noop, exec: noop },
  "an object whose transaction is a text": { transaction: "row-data", query: noop, exec: noop, execProtocol: noop },
};

for (const [name, db] of Object.entries(NOT_DATABASES)) {
  test(`${name} is no database`, async () => {
    const error = await rejection(createReplicaManager({ db: db as ReplicaOptions["db"] }));
    check(error, "NOT_A_DATABASE", false);
    assert.match(error.message, /`db`/);
  });
}

const WRONG: Record<string, [Record<string, unknown>, ReplicaErrorCode]> = {
  "an unknown strategy": [{ strategy: "magic" }, "INVALID_OPTIONS"],
  "a strategy that is a number": [{ strategy: 7 }, "INVALID_OPTIONS"],
  "an unknown scope": [{ scope: "some" }, "INVALID_OPTIONS"],
  "an empty schema name": [{ schema: "" }, "INVALID_NAME"],
  "a schema name that is SQL": [{ schema: 'public"; DROP SCHEMA public; --' }, "INVALID_NAME"],
  "a schema name that is too long": [{ schema: "x".repeat(64) }, "INVALID_NAME"],
  "a schema that is ours": [{ schema: "electric_replica" }, "INVALID_NAME"],
  "a schema that is Postgres' own": [{ schema: "pg_catalog" }, "INVALID_NAME"],
  "a table with an empty name": [{ tables: [""] }, "INVALID_NAME"],
  "a table whose name is SQL": [{ tables: ['users"; DROP TABLE users; --'] }, "INVALID_NAME"],
  "a column whose name is SQL": [{ tables: [{ name: "users", columns: ['id"; DROP TABLE users; --'] }] }, "INVALID_NAME"],
  "a worker that is an address": [{ worker: "/database.js" }, "INVALID_OPTIONS"],
  "tables that are a text": [{ tables: "users" }, "INVALID_OPTIONS"],
  "a table that is a number": [{ tables: [7] }, "INVALID_OPTIONS"],
  "a table that is null": [{ tables: [null] }, "INVALID_OPTIONS"],
  "a where that is a number": [{ tables: [{ name: "users", where: 7 }] }, "INVALID_OPTIONS"],
  "an unknown property of a table": [{ tables: [{ name: "users", filter: "x" }] }, "INVALID_OPTIONS"],
  "one table twice": [{ tables: ["users", "users"] }, "INVALID_OPTIONS"],
  "an unknown limit": [{ limits: { patience: 7 } }, "INVALID_OPTIONS"],
  "a limit that is a text": [{ limits: { loads: "row-data" } }, "INVALID_OPTIONS"],
  "a limit below nothing": [{ limits: { loads: -1 } }, "INVALID_OPTIONS"],
  "a limit that is no number": [{ limits: { loads: NaN } }, "INVALID_OPTIONS"],
  "an address that is a number": [{ baseUrl: 7 }, "INVALID_OPTIONS"],
  "a version's address that is a number": [{ versionUrl: 7 }, "INVALID_OPTIONS"],
  "a lock name that is a number": [{ lockName: 7 }, "INVALID_OPTIONS"],
  "an unknown policy": [{ policy: "ask" }, "INVALID_OPTIONS"],
  "a hook that is a text": [{ onBefore: "row-data" }, "INVALID_OPTIONS"],
  "expectations that are a list": [{ expects: ["users"] }, "INVALID_OPTIONS"],
  "expectations that are a text, but no fingerprint": [{ expects: "users" }, "INVALID_OPTIONS"],
  "an expected table whose columns are a text": [{ expects: { users: "id" } }, "INVALID_OPTIONS"],
  "an expected column whose name is SQL": [{ expects: { users: ['id"; DROP TABLE users; --'] } }, "INVALID_NAME"],
  "a fetch that is a text": [{ fetch: "row-data" }, "INVALID_OPTIONS"],
  "previous tables to keep of a rebuild in place": [{ keepPreviousMs: 5, strategy: "in-place" }, "INVALID_OPTIONS"],
  "previous tables to keep for longer than a timer runs": [{ keepPreviousMs: 2_000_000_001 }, "INVALID_OPTIONS"],
  "a time to keep that is a text": [{ keepPreviousMs: "row-data" }, "INVALID_OPTIONS"],
  "an unknown source of schemas": [{ schemaSource: "magic" }, "INVALID_OPTIONS"],
  "a structure that only Electric tells, of no table": [{ schemaSource: "electric" }, "INVALID_OPTIONS"],
  "a sync that is a text": [{ sync: "row-data" }, "INVALID_OPTIONS"],
  "a sync without stop": [{ sync: { keys: [], start: noop } }, "INVALID_OPTIONS"],
  "a sync whose start is a text": [{ sync: { keys: [], start: "row-data", stop: noop } }, "INVALID_OPTIONS"],
  "a sync without keys": [{ sync: { start: noop, stop: noop } }, "INVALID_OPTIONS"],
  "a sync with a key that is a number": [{ sync: { keys: [7], start: noop, stop: noop } }, "INVALID_OPTIONS"],
  "a sync and another strategy than in-place": [{ sync: { keys: [], start: noop, stop: noop }, strategy: "swap" }, "INVALID_OPTIONS"],
  "a sync and another scope than all": [{ sync: { keys: [], start: noop, stop: noop }, scope: "changed" }, "INVALID_OPTIONS"],
  "a sync and a table's where": [{ sync: { keys: [], start: noop, stop: noop }, tables: [{ name: "users", where: "true" }] }, "INVALID_OPTIONS"],
  "an owner that is a number": [{ owner: 7 }, "INVALID_OPTIONS"],
  "an owner without a name": [{ owner: "" }, "INVALID_OPTIONS"],
  "headers that are a text": [{ headers: "row-data" }, "INVALID_OPTIONS"],
};

for (const [name, [options, code]] of Object.entries(WRONG)) {
  test(`${name} is ${code}, before anything is asked`, async (t) => {
    const from = broken.asked.length;
    const creating = createReplicaManager({ db: broken.empty, fetch: broken.fetch, ...options });
    t.after(() => creating.then((manager) => manager.close(), () => undefined));

    check(await rejection(creating), code, false);

    assert.equal(broken.asked.length, from);
    assert.deepEqual(await leftovers(broken.empty), []);
  });
}

test("no options at all are INVALID_OPTIONS", async () => {
  check(await rejection(createReplicaManager(undefined as unknown as ReplicaOptions)), "INVALID_OPTIONS", false);
});

test("a chosen table that the server lacks is INVALID_OPTIONS", () =>
  refuses(broken, { options: { tables: ["companies", "robots"] } }, "INVALID_OPTIONS", false));

test("a chosen column that the server lacks is INVALID_OPTIONS", () =>
  refuses(broken, { options: { tables: [{ name: "companies", columns: ["id", "robots"] }] } }, "INVALID_OPTIONS", false));

test("imported on a server, the package does nothing and holds nothing open", () => {
  const code = `
    const before = Object.getOwnPropertyNames(globalThis).sort();
    for (const name of ["window", "document", "localStorage", "navigator", "fetch"]) delete globalThis[name];
    const spied = ["fetch", "setTimeout", "setInterval", "queueMicrotask"];
    const used = [];
    for (const name of spied) globalThis[name] = () => { used.push(name); };
    await import("electric-replica");
    const open = process.getActiveResourcesInfo().filter((resource) => !/Pipe|TTY|FSReq|FileHandle|CloseReq/.test(resource));
    const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.includes(name) && !spied.includes(name));
    console.log(JSON.stringify({ used, open, added }));
  `;
  const said = execFileSync(process.execPath, ["--unhandled-rejections=strict", "--input-type=module", "--eval", code], { encoding: "utf8", timeout: 60_000 });
  assert.deepEqual(JSON.parse(said), { used: [], open: [], added: [] });
});

for (const [name, storage] of Object.entries({
  "throws when it is looked at": `Object.defineProperty(globalThis, "localStorage", { configurable: true, get() { throw new DOMException("blocked", "SecurityError"); } })`,
  "throws when it is written": `Object.defineProperty(globalThis, "localStorage", { configurable: true, value: { getItem() { throw new Error("blocked"); }, setItem() { throw new Error("blocked"); }, removeItem() { throw new Error("blocked"); } } })`,
})) {
  test(`a localStorage that ${name} keeps nobody from a replica`, async (t) => {
    const had = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
    // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- a getter that throws, set as a page's browser does
    new Function(storage)();
    t.after(() => (had ? Object.defineProperty(globalThis, "localStorage", had) : Reflect.deleteProperty(globalThis, "localStorage")));
    const { manager } = await broken.manage(broken.empty, { limits: LIMITS });

    assert.equal(await manager.checkAndMigrate(), false);
    assert.equal(manager.status, "ready");
    await manager.purge();
    await manager.close();
    assert.deepEqual(await leftovers(broken.empty), []);
  });
}
