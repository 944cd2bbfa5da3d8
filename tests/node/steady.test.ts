/** A database that tabs share, whose leader ends at a bad moment. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { isMoved, steady, steadyLoading } from "../../js/steady.ts";
import type { ReplicaDatabase } from "../../js/types.ts";

type Session = { query: (sql: string) => Promise<unknown>; exec: (sql: string) => Promise<unknown> };

/** What looks like a PGliteWorker. `begin` is what its next transactions do before they call their body. */
function shared(...begin: (() => Promise<unknown>)[]) {
  const listeners = new Set<() => void>();
  const done: string[] = [];
  const perform = (sql: string) => Promise.resolve(void done.push(sql));
  const db = {
    transaction: async (body: (session: Session) => Promise<unknown>) => {
      await begin.shift()?.();
      return body({ query: perform, exec: perform });
    },
    query: perform,
    exec: perform,
    execProtocol: () => perform("protocol"),
    onLeaderChange(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return { db, done, listeners, change: () => [...listeners].forEach((listener) => listener()) };
}

test("a transaction that only looks and had not begun when the leader changed is begun with the new one", async () => {
  for (const reject of [true, false]) {
    const world = shared(() => {
      world.change();
      // It says so itself, or waits for ever.
      return reject ? Promise.reject(new Error("Leader changed")) : new Promise(() => undefined);
    });
    assert.equal(await steady(world.db).transaction(async (session: Session) => session.exec("one"), true), undefined);
    assert.deepEqual(world.done, ["one"]);
    assert.equal(world.listeners.size, 0);
  }
});

test("a transaction that comes to begin after another has begun in its place does nothing", async () => {
  let late = () => {};
  const world = shared(() => {
    world.change();
    return new Promise<void>((resolve) => (late = resolve));
  });
  let bodies = 0;
  await steady(world.db).transaction(async (session: Session) => {
    bodies += 1;
    await session.exec("one");
  }, true);
  late();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([bodies, world.done], [1, ["one"]]);
});

test("a transaction that only looks and had begun when the leader changed is done anew with the new one", async () => {
  const world = shared();
  let bodies = 0;
  const looked = await steady(world.db).transaction(async (session: Session) => {
    if ((bodies += 1) === 1) world.change();
    await session.exec("one");
    return bodies;
  }, true);
  assert.deepEqual([looked, world.done, world.listeners.size], [2, ["one"], 0]);
});

test("a transaction that had not begun when the leader changed is not begun with the new one", async () => {
  for (const reject of [true, false]) {
    const world = shared(() => {
      world.change();
      return reject ? Promise.reject(new Error("Leader changed")) : new Promise(() => undefined);
    });
    await assert.rejects(steady(world.db).transaction(async (session: Session) => session.exec("one")), isMoved);
    assert.deepEqual([world.done, world.listeners.size], [[], 0]);
  }
});

test("a transaction that had begun when the leader changed fails, and no more of it is done", async () => {
  const world = shared();
  const outcome = steady(world.db).transaction(async (session: Session) => {
    await session.exec("one");
    world.change();
    await session.query("two");
  });
  await assert.rejects(outcome, isMoved);
  assert.deepEqual(world.done, ["one"]);
  assert.equal(world.listeners.size, 0);
});

test("a transaction whose leader changes after its last statement is not committed", async () => {
  const world = shared();
  let committed = false;
  const transaction = async (body: (session: Session) => Promise<unknown>) => {
    await world.db.transaction(body);
    committed = true;
  };
  const outcome = steady({ ...world.db, transaction }).transaction(async (session: Session) => {
    await session.exec("one");
    world.change();
  });
  await assert.rejects(outcome, isMoved);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(committed, false);
});

test("a leader that ends while it writes its files out is not waited for", async () => {
  const world = shared();
  const { syncToFs } = steady({ ...world.db, syncToFs: () => new Promise(() => undefined) } as ReplicaDatabase) as { syncToFs?: () => Promise<void> };
  const stored = syncToFs?.();
  world.change();
  await assert.rejects(stored ?? Promise.resolve(), isMoved);
  assert.equal(world.listeners.size, 0);
});

test("a statement of its own fails when the leader that it was sent to ends, and not by a change before or after", async () => {
  const world = shared();
  const waiting = shared();
  world.change();
  assert.equal(await steady(world.db).exec("one"), undefined);
  world.change();
  const lost = steady({ ...waiting.db, exec: () => new Promise(() => undefined), query: () => new Promise(() => undefined) });
  for (const call of [lost.exec("two"), lost.query("two")]) {
    waiting.change();
    await assert.rejects(call, isMoved);
  }
  assert.deepEqual([world.done, world.listeners.size, waiting.listeners.size], [["one"], 0, 0]);
});

test("a text that only looks is asked anew of the new leader, whether the old one's call fails or waits for ever", async () => {
  for (const reject of [true, false]) {
    const world = shared();
    const asked: string[] = [];
    const exec = (sql: string) => {
      asked.push(sql);
      if (asked.length > 1) return Promise.resolve("found");
      world.change();
      return reject ? Promise.reject(new Error("Leader changed")) : new Promise(() => undefined);
    };
    assert.equal(await steady({ ...world.db, exec }).exec("one", undefined, true), "found");
    assert.deepEqual([asked, world.listeners.size], [["one", "one"], 0]);
  }
});

test("a text that changes something is not asked of the new leader, whatever the old one's call says", async () => {
  for (const reject of [true, false]) {
    const world = shared();
    let calls = 0;
    const exec = () => {
      calls += 1;
      world.change();
      return reject ? Promise.reject(new Error("Leader changed")) : new Promise(() => undefined);
    };
    await assert.rejects(steady({ ...world.db, exec }).exec("one"), isMoved);
    assert.equal(calls, 1);
  }
});

test("a transaction that fails by itself fails as it did", async () => {
  const world = shared(() => Promise.reject(new Error("no room")));
  await assert.rejects(steady(world.db).transaction(() => Promise.resolve()), /no room/);
});

test("a database of this page's own is left as it is", () => {
  const { db } = shared();
  const own = { transaction: db.transaction, query: db.query, exec: db.exec, execProtocol: db.execProtocol };
  assert.equal(steady(own), own);
});

test("a piece of rows ends with the leader it was begun with, at whichever step, and nothing of it is sent to the next", async () => {
  const STEPS = ["_checkReady", "_runExclusiveTransaction", "_runExclusiveQuery"];
  for (const last of STEPS) {
    const sent: string[] = [];
    let change: () => void = () => undefined;
    const step = (name: string) => async (run?: unknown) => {
      sent.push(name);
      if (name === last) change();
      await Promise.resolve();
      return typeof run === "function" ? (run as () => Promise<unknown>)() : undefined;
    };
    const none = () => Promise.resolve([]);
    const db = {
      transaction: none,
      query: none,
      exec: none,
      execProtocol: step("execProtocol"),
      onLeaderChange: (listener: () => void) => ((change = listener), () => undefined),
      ...Object.fromEntries(STEPS.map((name) => [name, step(name)])),
    };
    await assert.rejects(steadyLoading(db)("COPY", new Uint8Array(), "unwritten"), isMoved, last);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(!sent.includes("execProtocol"), `${last}: ${sent.join()}`);
  }
});
