/** A database that tabs share, whose leader ends at a bad moment. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { isMoved, steady, steadyRunning } from "../../js/steady.ts";
import type { ReplicaDatabase } from "../../js/types.ts";

type Session = { execProtocol: (message: Uint8Array) => Promise<unknown> };

/** What stands for a message here: its first byte tells which. */
const [ONE, TWO] = [Uint8Array.of(1), Uint8Array.of(2)] as const;

/** What looks like a PGliteWorker. `begin` is what its next transactions do before they call their body. */
function shared(...begin: (() => Promise<unknown>)[]) {
  const listeners = new Set<() => void>();
  const done: (string | number | undefined)[] = [];
  const perform = (what: string | number | undefined) => Promise.resolve(void done.push(what));
  const db = {
    transaction: async (body: (none: unknown) => Promise<unknown>) => {
      await begin.shift()?.();
      return body(undefined);
    },
    query: perform,
    exec: perform,
    execProtocol: (message: Uint8Array) => perform(message[0]),
    onLeaderChange(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return { db, done, listeners, change: () => [...listeners].forEach((listener) => listener()) };
}

test("a transaction that had not begun when the leader changed is not begun with the new one", async () => {
  for (const reject of [true, false]) {
    const world = shared(() => {
      world.change();
      return reject ? Promise.reject(new Error("Leader changed")) : new Promise(() => undefined);
    });
    await assert.rejects(steady(world.db).transaction((session: Session) => session.execProtocol(ONE)), isMoved);
    assert.deepEqual([world.done, world.listeners.size], [[], 0]);
  }
});

test("a transaction that had begun when the leader changed fails, and no more of it is done", async () => {
  const world = shared();
  const outcome = steady(world.db).transaction(async (session: Session) => {
    await session.execProtocol(ONE);
    world.change();
    await session.execProtocol(TWO);
  });
  await assert.rejects(outcome, isMoved);
  assert.deepEqual(world.done, [1]);
  assert.equal(world.listeners.size, 0);
});

test("a transaction whose leader changes after its last statement is not committed", async () => {
  const world = shared();
  let committed = false;
  const transaction = async (body: (none: unknown) => Promise<unknown>) => {
    await world.db.transaction(body);
    committed = true;
  };
  const outcome = steady({ ...world.db, transaction }).transaction(async (session: Session) => {
    await session.execProtocol(ONE);
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

/** A database whose leader changes with the first call of that step: the call then says so itself, or waits for ever. Answers `found` to a text. */
function moving(last: Step, reject: boolean) {
  const sent: string[] = [];
  const listeners = new Set<() => void>();
  const step = (name: Step) => async (run?: unknown): Promise<unknown> => {
    sent.push(name);
    if (name === last && sent.filter((other) => other === name).length === 1) {
      for (const listener of [...listeners]) listener();
      if (reject) throw new Error("Leader changed");
      await new Promise(() => undefined);
    }
    return typeof run === "function" ? (run as () => Promise<unknown>)() : FOUND;
  };
  const none = () => Promise.resolve([]);
  const db = {
    transaction: none,
    query: none,
    exec: none,
    onLeaderChange: (listener: () => void) => (listeners.add(listener), () => void listeners.delete(listener)),
    ...(Object.fromEntries(STEPS.map((name) => [name, step(name)])) as Record<Step, () => Promise<unknown>>),
  };
  return { db, listeners, sent };
}

const STEPS = ["_checkReady", "_runExclusiveTransaction", "_runExclusiveQuery", "execProtocol"] as const;
type Step = (typeof STEPS)[number];
const FOUND = { messages: [{ name: "dataRow", fields: ["found"] }, { name: "commandComplete" }] };
const TEXT = { sql: "one", writing: "unwritten" } as const;

test("a text that only looks is asked anew of the new leader, at whichever step the old one ended, and whether its call fails or waits for ever", async () => {
  for (const last of STEPS) {
    for (const reject of [true, false]) {
      const { db, listeners, sent } = moving(last, reject);
      assert.deepEqual(await steadyRunning(db)(TEXT, { looks: true, keepsRows: false }), [[["found"]]]);
      assert.deepEqual([sent.filter((name) => name === last).length, listeners.size], [2, 0], last);
    }
  }
});

test("a text that changes something is not asked of the new leader, whatever the old one's call says", async () => {
  for (const last of STEPS) {
    for (const reject of [true, false]) {
      const { db, listeners, sent } = moving(last, reject);
      await assert.rejects(steadyRunning(db)(TEXT, { looks: false, keepsRows: false }), isMoved);
      assert.deepEqual([sent.filter((name) => name === last).length, listeners.size], [1, 0], last);
    }
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

test("a text ends with the leader it was begun with, also where its call comes through, and nothing of it is sent to the next", async () => {
  for (const last of STEPS.slice(0, -1)) {
    const sent: string[] = [];
    let change: () => void = () => undefined;
    const step = (name: string) => async (run?: unknown) => {
      sent.push(name);
      if (name === last) change();
      await Promise.resolve();
      return typeof run === "function" ? (run as () => Promise<unknown>)() : undefined;
    };
    const { db } = moving(last, true);
    const passing = { ...db, onLeaderChange: (listener: () => void) => ((change = listener), () => undefined), ...Object.fromEntries(STEPS.map((name) => [name, step(name)])) };
    await assert.rejects(steadyRunning(passing)(TEXT, { looks: false, keepsRows: false }), isMoved, last);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(!sent.includes("execProtocol"), `${last}: ${sent.join()}`);
  }
});
