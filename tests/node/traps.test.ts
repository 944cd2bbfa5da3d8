/** A module that traps in the middle of a rebuild, in a process of its own: all of its replicas are dead then. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { createReplicaManager, type ReplicaEvent } from "electric-replica";

import { Locks } from "./support/locks.ts";
import { database, eventually, manage, serve } from "./support/world.ts";

const NAME = "the lead";

/** Has the module trap at the end of the call in which it tells that a rebuild begins. Its imports are read as texts, whatever their names. */
function trapAtStart(): void {
  const original = WebAssembly.instantiate as (source: BufferSource, imports?: WebAssembly.Imports) => Promise<WebAssembly.WebAssemblyInstantiatedSource>;
  let traps = false;
  const instantiate = async (source: BufferSource, imports: WebAssembly.Imports = {}) => {
    const own = imports["./client_bg.js"];
    if (!own) return original(source, imports);
    let memory: WebAssembly.Memory | undefined;
    const tells = (at: unknown, length: unknown): boolean =>
      memory !== undefined && typeof at === "number" && typeof length === "number" && at > 0 && length > 0 && length < 10_000 && Buffer.from(memory.buffer).subarray(at, at + length).includes('"migration:start"');
    const heard = Object.entries(own).map(([name, value]) => {
      if (typeof value !== "function") return [name, value];
      const call = value as (...args: unknown[]) => unknown;
      return [
        name,
        (...args: unknown[]) => {
          traps ||= tells(args[1], args[2]);
          return call(...args);
        },
      ];
    });
    const made = await original(source, { ...imports, "./client_bg.js": Object.fromEntries(heard) as WebAssembly.ModuleImports });
    const exports = Object.entries(made.instance.exports).map(([name, value]) => {
      if (value instanceof WebAssembly.Memory) memory = value;
      if (typeof value !== "function") return [name, value];
      const call = value as (...args: unknown[]) => unknown;
      return [
        name,
        (...args: unknown[]) => {
          const result = call(...args);
          if (traps) throw new WebAssembly.RuntimeError("unreachable");
          return result;
        },
      ];
    });
    return { module: made.module, instance: { exports: Object.fromEntries(exports) as WebAssembly.Exports } };
  };
  Object.assign(WebAssembly, { instantiate });
}

test("a module that traps as a rebuild begins: the start that it told is closed, nothing comes after, and no lead is held or waited for", async (t) => {
  const locks = new Locks();
  Object.defineProperty(globalThis, "navigator", { value: { locks: locks.of("this page") }, configurable: true });
  const demo = await serve(t);
  trapAtStart();
  const [first, second] = [
    await manage(t, demo, { db: await database(t), lockName: NAME }),
    await manage(t, demo, { db: await database(t), lockName: NAME }),
  ];
  const uncaught: unknown[] = [];
  // A trap goes on to its caller: here that is nobody.
  process.setUncaughtExceptionCaptureCallback((thrown) => void uncaught.push(thrown));
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));

  await Promise.all([first, second].map(({ manager }) => assert.rejects(manager.checkAndMigrate(), { code: "INTERNAL" })));

  await eventually(() => Promise.resolve().then(() => assert.deepEqual([locks.held(NAME), locks.waiting(NAME)], [0, 0])));
  const of = (events: ReplicaEvent[]) => events.map((event) => (event.type === "status" ? event.status : event.type));
  assert.deepEqual(first.told(), ["migration:start", "migration:error"]);
  assert.equal(of(first.events).at(-1), "error");
  const closing = first.events.find((event) => event.type === "migration:error");
  assert.deepEqual([closing?.code, closing?.closesMigration], ["INTERNAL", true]);
  assert.equal(of(second.events).at(-1), "error");
  for (const { manager } of [first, second]) assert.deepEqual([manager.status, manager.version], ["error", undefined]);

  const late = await createReplicaManager({ baseUrl: demo.url, db: await database(t), lockName: NAME });
  assert.equal(late.status, "error");
  await assert.rejects(late.checkAndMigrate(), { code: "INTERNAL" });
  assert.deepEqual([locks.held(NAME), locks.waiting(NAME)], [0, 0]);
  assert.deepEqual(uncaught.filter((thrown) => !(thrown instanceof WebAssembly.RuntimeError)), []);
});
