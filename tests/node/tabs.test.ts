/** What tabs tell each other: over real channels of Node, with locks of our own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { ReplicaError } from "../../js/errors.ts";
import { type TabCall, type TabOwner, Tabs, type TabWorld } from "../../js/tabs.ts";
import type { MigrationError, ReplicaEvent, ReplicaStatus } from "../../js/types.ts";

import { eventually } from "./support/world.ts";

const NAME = "a replica";
const START: ReplicaEvent = { type: "migration:start", reason: "changed", from: "1", to: "2", tables: ["users"] };
const PROGRESS: ReplicaEvent = { type: "migration:progress", step: "loading", table: "users", rows: 5, expectedRows: 9, tablesDone: 0, tablesTotal: 1 };
const COMPLETE: ReplicaEvent = { type: "migration:complete", reason: "changed", from: "1", to: "2", tables: ["users"], rows: 9, durationMs: 1 };
const ADOPTED: ReplicaEvent = { type: "adopted", from: "2", to: "3" };

function failure(closesMigration: boolean): MigrationError {
  const error = new ReplicaError("SCHEMA_MISMATCH", "it did not fit", { retryable: true, cause: () => "nothing that can be sent" });
  return { type: "migration:error", error, code: error.code, message: error.message, retryable: error.retryable, closesMigration };
}

const status = (status: ReplicaStatus): ReplicaEvent => ({ type: "status", status, leader: null });

/** Locks as browsers have them, as far as tabs use them: held until the holder's promise ends, or its tab is killed. */
class Locks {
  readonly #held = new Map<string, symbol>();
  readonly #waiting: { name: string; owner: symbol; grant: () => void }[] = [];

  of(owner: symbol): NonNullable<TabWorld["locks"]> {
    const request = (name: string, ...rest: unknown[]): Promise<unknown> => {
      const work = rest.at(-1) as () => unknown;
      const { signal } = (rest.length > 1 ? rest[0] : {}) as LockOptions;
      return new Promise((resolve, reject) => {
        const wait = { name, owner, grant: () => void Promise.resolve(work()).then(resolve).finally(() => this.#free(name)) };
        this.#waiting.push(wait);
        signal?.addEventListener("abort", () => {
          const at = this.#waiting.indexOf(wait);
          if (at < 0) return;
          this.#waiting.splice(at, 1);
          reject(new Error("aborted"));
        });
        this.#turn();
      });
    };
    return { request } as NonNullable<TabWorld["locks"]>;
  }

  kill(owner: symbol): void {
    for (const [name, holder] of [...this.#held]) if (holder === owner) this.#free(name);
  }

  #free(name: string): void {
    this.#held.delete(name);
    this.#turn();
  }

  #turn(): void {
    for (const wait of [...this.#waiting]) {
      if (this.#held.has(wait.name)) continue;
      this.#waiting.splice(this.#waiting.indexOf(wait), 1);
      this.#held.set(wait.name, wait.owner);
      setImmediate(wait.grant);
    }
  }
}

function world(t: TestContext, takenMs = 600_000) {
  const locks = new Locks();
  const living: Tabs[] = [];
  t.after(() => living.forEach((tabs) => tabs.close()));
  const name = `${NAME} ${Math.random()}`;
  const open = (perform: TabOwner["perform"] = () => Promise.reject(new Error("nobody asked"))) => {
    const owner = Symbol("tab");
    const events: ReplicaEvent[] = [];
    const own: BroadcastChannel[] = [];
    class Channel extends BroadcastChannel {
      constructor(name: string) {
        super(name);
        own.push(this);
      }
    }
    let now: ReplicaStatus = "following";
    const replica = { version: undefined as string | undefined };
    const tabs = new Tabs(
      name,
      { status: () => now, version: () => replica.version, deliver: (event) => void events.push(event), perform },
      { locks: locks.of(owner), Channel, takenMs },
    );
    tabs.open();
    living.push(tabs);
    return {
      tabs,
      events,
      replica,
      told: () => events.map((event) => event.type).filter((type) => type !== "status"),
      tell: (event: ReplicaEvent) => {
        if (event.type === "status") now = event.status;
        events.push(tabs.tell(event));
      },
      hang: () => {
        for (const channel of own) channel.onmessage = () => undefined;
      },
      kill: () => {
        for (const channel of own) channel.close();
        locks.kill(owner);
      },
    };
  };
  return { open };
}

const soon = (check: () => void) => eventually(() => Promise.resolve().then(check));
type Tab = ReturnType<ReturnType<typeof world>["open"]>;
const hears = (tab: Tab, told: string[]) => soon(() => assert.deepEqual(tab.told(), told));

test("a tab that follows is told what the tab that leads is told", async (t) => {
  const { open } = world(t);
  const [first, second] = [open(), open()];
  first.replica.version = "2";
  for (const event of [status("ready"), START, PROGRESS, COMPLETE, ADOPTED, failure(false)]) first.tell(event);

  await hears(second, ["migration:start", "migration:progress", "migration:complete", "adopted", "migration:error"]);
  const plain = (event: ReplicaEvent) => event.type !== "status" && event.type !== "migration:error";
  assert.deepEqual(second.events.filter(plain), first.events.filter(plain));
  const error = second.events.find((event) => event.type === "migration:error");
  assert.ok(error?.error instanceof ReplicaError);
  assert.deepEqual([error.code, error.message, error.retryable, error.error.code], ["SCHEMA_MISMATCH", "it did not fit", true, "SCHEMA_MISMATCH"]);
  assert.deepEqual(second.events.find((event) => event.type === "status"), { type: "status", status: "following", leader: "ready" });
  assert.equal(second.tabs.version, "2");
});

test("a tab that comes in the middle of a rebuild is told of it, once", async (t) => {
  const { open } = world(t);
  const [first, second] = [open(), open()];
  for (const event of [status("migrating"), START, PROGRESS]) first.tell(event);
  await hears(second, ["migration:start", "migration:progress"]);

  const third = open();
  await hears(third, ["migration:start", "migration:progress"]);
  first.tell(COMPLETE);
  for (const tab of [second, third]) await hears(tab, ["migration:start", "migration:progress", "migration:complete"]);
});

test("a rebuild whose tab is killed is closed in each tab, and told anew when it is taken up", async (t) => {
  const { open } = world(t);
  const [first, second, third] = [open(), open(), open()];
  for (const event of [status("migrating"), START]) first.tell(event);
  for (const tab of [second, third]) await hears(tab, ["migration:start"]);

  first.kill();
  for (const tab of [second, third]) await hears(tab, ["migration:start", "migration:error"]);
  const [closing] = second.events.filter((event) => event.type === "migration:error");
  assert.deepEqual([closing?.code, closing?.closesMigration, closing?.retryable], ["CLOSED", true, true]);

  for (const event of [status("migrating"), START, COMPLETE]) second.tell(event);
  for (const tab of [second, third]) await hears(tab, ["migration:start", "migration:error", "migration:start", "migration:complete"]);
});

test("a tab that takes over closes what it was told before it says anything of its own", async (t) => {
  const { open } = world(t);
  const [first, second] = [open(), open()];
  for (const event of [status("migrating"), START]) first.tell(event);
  await hears(second, ["migration:start"]);

  for (const event of [status("ready"), START]) second.tell(event);
  assert.deepEqual(second.told(), ["migration:start", "migration:error", "migration:start"]);
});

test("a tab that is closed in the middle of another's rebuild closes it", async (t) => {
  const { open } = world(t);
  const [first, second] = [open(), open()];
  for (const event of [status("migrating"), START]) first.tell(event);
  await hears(second, ["migration:start"]);

  second.tabs.close();
  assert.deepEqual(second.told(), ["migration:start", "migration:error"]);
  first.tell(COMPLETE);
  assert.deepEqual(second.told(), ["migration:start", "migration:error"]);
});

test("an end is told even where the tab that leads is closed right after it", async (t) => {
  const { open } = world(t);
  const [first, second] = [open(), open()];
  for (const event of [status("migrating"), START, failure(true)]) first.tell(event);
  first.tabs.close();

  await hears(second, ["migration:start", "migration:error"]);
  await soon(() => assert.deepEqual(second.events.at(-1), { type: "status", status: "following", leader: null }));
  assert.deepEqual(second.told(), ["migration:start", "migration:error"]);
});

test("what only the tab that leads can do is done there, and answered", async (t) => {
  const { open } = world(t);
  const calls: TabCall[] = [];
  const first = open((call) => {
    calls.push(call);
    return call.name === "rollback" ? Promise.reject(new ReplicaError("NO_PREVIOUS", "nothing is kept")) : Promise.resolve(true);
  });
  const second = open();
  const own = () => Promise.reject(new Error("it was done here"));
  first.tell(status("ready"));
  await soon(() => assert.ok(second.events.length > 0));

  assert.equal(await second.tabs.call({ name: "runMigration", version: "2" }, own), true);
  await assert.rejects(second.tabs.call({ name: "rollback" }, own), { code: "NO_PREVIOUS", message: "nothing is kept" });
  assert.deepEqual(calls, [{ name: "runMigration", version: "2" }, { name: "rollback" }]);
});

test("a call whose tab ends under it is done here", async (t) => {
  const { open } = world(t);
  const first = open(() => {
    first.tell(ADOPTED);
    return new Promise(() => undefined);
  });
  const second = open();
  first.tell(status("ready"));
  await soon(() => assert.ok(second.events.length > 0));

  const call = second.tabs.call({ name: "reset" }, () => Promise.resolve("done here"));
  await hears(second, ["adopted"]);
  first.kill();
  assert.equal(await call, "done here");
});

test("a call that takes longer than its taking may is waited for", async (t) => {
  const { open } = world(t, 1_000);
  const first = open(() => new Promise((resolve) => setTimeout(resolve, 1_500, "done there")));
  const second = open();
  first.tell(status("ready"));
  await soon(() => assert.ok(second.events.length > 0));
  assert.equal(await second.tabs.call({ name: "reset" }, () => Promise.resolve("done here")), "done there");
});

test("a call that nobody takes is done here", async (t) => {
  const { open } = world(t, 50);
  const first = open();
  const second = open();
  first.tell(status("ready"));
  await soon(() => assert.ok(second.events.length > 0));
  first.hang();
  assert.equal(await second.tabs.call({ name: "reset" }, () => Promise.resolve("done here")), "done here");
});

test("a call with no other tab that leads is done here", async (t) => {
  const { open } = world(t);
  assert.equal(await open().tabs.call({ name: "purge" }, () => Promise.resolve("done here")), "done here");
});

for (const [code, lacks] of [
  ["NO_WEB_LOCKS", { locks: undefined, Channel: BroadcastChannel, takenMs: 1 }],
  ["NO_BROADCAST_CHANNEL", { locks: new Locks().of(Symbol("tab")), Channel: undefined, takenMs: 1 }],
] as const) {
  test(`a browser that lacks what tabs need works alone, and says ${code} once`, () => {
    const events: ReplicaEvent[] = [];
    const owner: TabOwner = { status: () => "ready", version: () => "1", deliver: (event) => void events.push(event), perform: () => Promise.resolve() };
    const tabs = new Tabs(NAME, owner, lacks);
    tabs.open();
    for (const event of [status("ready"), START]) assert.deepEqual(tabs.tell(event), event);
    assert.deepEqual(events.map((event) => event.type === "warning" && event.code), [code]);
    tabs.close();
  });
}

test("a page that is alone with its database needs nothing and says nothing", () => {
  const events: ReplicaEvent[] = [];
  const owner: TabOwner = { status: () => "ready", version: () => "1", deliver: (event) => void events.push(event), perform: () => Promise.resolve() };
  const tabs = new Tabs(undefined, owner, { locks: undefined, Channel: undefined, takenMs: 1 });
  tabs.open();
  tabs.tell(START);
  tabs.close();
  assert.deepEqual(events, []);
});
