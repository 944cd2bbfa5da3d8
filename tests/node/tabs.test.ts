/** What tabs tell each other: over real channels of Node, with locks of our own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { ReplicaError } from "../../js/errors.ts";
import { Holdings } from "../../js/holdings.ts";
import { Lead } from "../../js/lead.ts";
import { type Holding, type TabCall, type TabOwner, Tabs } from "../../js/tabs.ts";
import type { MigrationError, ReplicaEvent } from "../../js/events.ts";
import type { ReplicaStatus } from "../../js/types.ts";

import { Locks } from "./support/locks.ts";
import { eventually } from "./support/world.ts";

const NAME = "a replica";
const START: ReplicaEvent = { type: "migration:start", reason: "changed", from: "1", to: "2", tables: ["users"], strategy: "swap" };
const PROGRESS: ReplicaEvent = { type: "migration:progress", step: "loading", table: "users", rows: 5, expectedRows: 9, tablesDone: 0, tablesTotal: 1 };
const COMPLETE: ReplicaEvent = { type: "migration:complete", reason: "changed", from: "1", to: "2", tables: ["users"], left: [], rows: 9, strategy: "swap", durationMs: 1 };
const ADOPTED: ReplicaEvent = { type: "adopted", from: "2", to: "3" };

function failure(closesMigration: boolean): MigrationError {
  const error = new ReplicaError("SCHEMA_MISMATCH", "it did not fit", { retryable: true, cause: () => "nothing that can be sent" });
  return { type: "migration:error", error, code: error.code, message: error.message, retryable: error.retryable, closesMigration, missing: ["users"] };
}

/** Whether only a tab that leads tells that. */
const leads = (event: ReplicaEvent): boolean => (event.type === "status" ? !["idle", "following", "checking", "error", "closed"].includes(event.status) : event.type !== "warning");
const status = (status: ReplicaStatus): ReplicaEvent => ({ type: "status", status, leader: null });

let tabsOpened = 0;

function world(t: TestContext) {
  const locks = new Locks();
  const living: Tabs[] = [];
  t.after(() => living.forEach((tabs) => tabs.close()));
  const name = `${NAME} ${Math.random()}`;
  const open = (perform: TabOwner["perform"] = () => Promise.reject(new Error("nobody asked")), holding: Holding = "together") => {
    const owner = `tab ${(tabsOpened += 1)}`;
    const events: ReplicaEvent[] = [];
    const own: BroadcastChannel[] = [];
    class Channel extends BroadcastChannel {
      constructor(name: string) {
        super(name);
        own.push(this);
      }
    }
    let now: ReplicaStatus = "following";
    let led = false;
    const holdings = new Holdings();
    const replica = { version: undefined as string | undefined };
    const tabs = new Tabs(
      name,
      { holding, status: () => now, version: () => replica.version, deliver: (event) => void events.push(event), perform },
      { locks: locks.of(owner), Channel },
    );
    tabs.open();
    living.push(tabs);
    return {
      tabs,
      events,
      replica,
      told: () => events.map((event) => event.type).filter((type) => type !== "status"),
      tell: (event: ReplicaEvent) => {
        if (!led && leads(event)) tabs.led();
        led ||= leads(event);
        if (event.type === "status") now = event.status;
        events.push(tabs.tell(event));
      },
      /** Waits for the lead, as the module does. Resolves once it is there. */
      lead: () => new Lead(name, locks.of(owner), holdings).granted().then(() => {
        led = true;
        tabs.led();
      }),
      /** Is too busy to listen. What is said to it meanwhile it hears later. */
      pause: () => {
        const paused = own.map((channel) => {
          const hear = channel.onmessage;
          const missed: MessageEvent[] = [];
          channel.onmessage = (message) => void missed.push(message);
          return () => {
            channel.onmessage = hear;
            for (const message of missed) hear?.call(channel, message);
          };
        });
        return () => paused.forEach((resume) => resume());
      },
      /** Hears what was said before it was closed, and comes late. */
      hear: (message: object) => own.forEach((channel) => void channel.onmessage?.(new MessageEvent("message", { data: message }))),
      fail: () => {
        now = "error";
        for (const event of tabs.failed(new ReplicaError("INTERNAL", "the module failed"))) events.push(tabs.tell(event));
        tabs.close();
        holdings.end();
      },
      kill: () => {
        for (const channel of own) channel.close();
        locks.kill(owner);
      },
    };
  };
  // What is said to all of them.
  const channel = new BroadcastChannel(`${name}:tabs:3`);
  t.after(() => channel.close());
  return { open, channel, waiting: () => locks.waiting(name) };
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
  assert.deepEqual(error.missing, ["users"]);
  assert.deepEqual(second.events.find((event) => event.type === "status"), { type: "status", status: "following", leader: "ready" });
  assert.equal(second.tabs.version("1"), "2");
});

test("a replica that one tab drops is gone for each, and they are told by whom", async (t) => {
  const { open } = world(t);
  const [first, second, third] = [open(), open(), open()];
  const purges: ReplicaEvent[] = [{ type: "purged", reason: "called" }, { type: "purged", reason: "owner" }];
  for (const event of [status("ready"), ...purges]) first.tell(event);
  for (const tab of [second, third]) await soon(() => assert.deepEqual(tab.events.filter(({ type }) => type === "purged"), purges));
  assert.equal(second.tabs.version("1"), undefined, "also where it has read another before");
});

test("a tab that leads and has told nothing does what it is called for, here and for others", async (t) => {
  const { open } = world(t);
  const done: string[] = [];
  const [first, second] = [open((call) => Promise.resolve(done.push(call.name))), open()];
  await first.lead();
  first.tell(status("checking"));
  first.tell(status("idle"));
  await first.tabs.call({ name: "purge" }, () => Promise.resolve(done.push("own")));
  await second.tabs.call({ name: "reset" }, () => Promise.reject(new Error("another leads")));
  assert.deepEqual(done, ["own", "reset"]);
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

test("each of two rebuilds in a row is told, and one whose start is heard twice once", async (t) => {
  const { open, channel } = world(t);
  const [first, second] = [open(), open()];
  for (const event of [status("migrating"), START, COMPLETE, START]) first.tell(event);
  await hears(second, ["migration:start", "migration:complete", "migration:start"]);
  const from = await new Promise<string>((resolve) => {
    channel.onmessage = ({ data }: MessageEvent<{ from: string }>) => resolve(data.from);
    first.tell(PROGRESS);
  });
  channel.postMessage({ type: "news", from, news: { status: "migrating", version: "1", running: { start: START, progress: undefined }, event: START } });
  first.tell(COMPLETE);
  await hears(second, ["migration:start", "migration:complete", "migration:start", "migration:progress", "migration:complete"]);
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

test("a rebuild whose module fails is closed in each tab, and the lead goes to the next", async (t) => {
  const { open } = world(t);
  const [first, second, third] = [open(), open(), open()];
  await first.lead();
  const led = second.lead();
  for (const event of [status("migrating"), START, PROGRESS]) first.tell(event);
  for (const tab of [second, third]) await hears(tab, ["migration:start", "migration:progress"]);

  first.fail();
  await led;
  for (const tab of [first, second, third]) await hears(tab, ["migration:start", "migration:progress", "migration:error"]);
  assert.deepEqual(first.events.at(-1), { type: "status", status: "error", leader: null });
  for (const tab of [first, second, third]) {
    const [closing] = tab.events.filter((event) => event.type === "migration:error");
    assert.deepEqual([closing?.code, closing?.closesMigration], ["INTERNAL", true]);
  }
  await soon(() => assert.deepEqual(third.events.at(-1), { type: "status", status: "following", leader: "checking" }));

  for (const event of [status("migrating"), START, COMPLETE]) second.tell(event);
  await soon(() => assert.deepEqual(third.told().slice(3), ["migration:start", "migration:complete"]));
  assert.equal(first.told().length, 3);
});

test("a module that fails with no rebuild under way closes none", async (t) => {
  const { open } = world(t);
  const [first, second] = [open(), open()];
  await first.lead();
  first.tell(status("ready"));
  await soon(() => assert.notEqual(second.events.length, 0));
  first.fail();
  const [error] = first.events.filter((event) => event.type === "migration:error");
  assert.deepEqual([error?.code, error?.closesMigration], ["INTERNAL", false]);
});

test("a tab that follows and whose module fails takes the lead from nobody, and says nothing to the others", async (t) => {
  const { open } = world(t);
  const calls: TabCall[] = [];
  const first = open((call) => Promise.resolve(calls.push(call)));
  const [second, third, fourth] = [open(), open(), open()];
  await first.lead();
  const led: string[] = [];
  void second.lead().then(() => led.push("the one that failed"), () => undefined);
  const next = fourth.lead().then(() => led.push("the next"));
  for (const event of [status("migrating"), START]) first.tell(event);
  for (const tab of [second, third]) await hears(tab, ["migration:start"]);

  second.fail();
  assert.deepEqual(second.told(), ["migration:start", "migration:error"]);
  assert.deepEqual(second.events.at(-1), { type: "status", status: "error", leader: null });
  await third.tabs.call({ name: "reset" }, () => Promise.reject(new Error("it was done here")));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual([led, calls.length, third.told()], [[], 1, ["migration:start"]]);

  first.kill();
  await next;
  assert.deepEqual(led, ["the next"]);
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
  await soon(() => assert.notEqual(second.events.length, 0));

  assert.equal(await second.tabs.call({ name: "runMigration", version: "2" }, own), true);
  await assert.rejects(second.tabs.call({ name: "rollback" }, own), { code: "NO_PREVIOUS", message: "nothing is kept" });
  assert.deepEqual(calls, [{ name: "runMigration", version: "2" }, { name: "rollback" }]);
});

test("a call is done by the tab that it is for, and its answer heard by the tab that made it", async (t) => {
  const { open } = world(t);
  const asked: string[] = [];
  const doing = (tab: string) => (call: TabCall) => Promise.resolve(asked.push(`${tab}: ${call.name}`)).then(() => call.name);
  const first = open(doing("first"));
  const [second, third] = [open(doing("second")), open(doing("third"))];
  first.tell(status("ready"));
  for (const tab of [second, third]) await soon(() => assert.notEqual(tab.events.length, 0));

  const own = () => Promise.reject(new Error("it was done here"));
  const calls = [second.tabs.call({ name: "reset" }, own), third.tabs.call({ name: "verify", server: false }, own)];
  assert.deepEqual(await Promise.all(calls), ["reset", "verify"]);
  assert.deepEqual(asked.sort(), ["first: reset", "first: verify"]);
});

test("a call that another tab is doing ends with the tab where it was made", async (t) => {
  const { open } = world(t);
  let asked = 0;
  const first = open(() => new Promise(() => void (asked += 1)));
  const second = open();
  first.tell(status("ready"));
  await soon(() => assert.notEqual(second.events.length, 0));
  const call = second.tabs.call({ name: "reset" }, () => Promise.reject(new ReplicaError("CLOSED", "it was closed")));
  await soon(() => assert.equal(asked, 1));
  second.tabs.close();
  await assert.rejects(call, { code: "CLOSED" });
});

test("a tab that leads is told nothing of what another says late, and a tab that is closed nothing at all", async (t) => {
  const { open, channel } = world(t);
  const [first, second] = [open(), open()];
  first.tell(status("ready"));
  await soon(() => assert.notEqual(second.events.length, 0));
  second.tabs.close();
  const before = [first, second].map(({ events }) => [...events]);

  const late = { type: "news", from: "the one before", news: { status: "migrating", version: "1", running: { start: START, progress: undefined }, event: undefined } };
  channel.postMessage(late);
  second.hear(late);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual([first, second].map(({ events }) => events), before);
});

test("a call whose tab ends under it is done here", async (t) => {
  const { open } = world(t);
  const first = open(() => {
    first.tell(ADOPTED);
    return new Promise(() => undefined);
  });
  const second = open();
  first.tell(status("ready"));
  await soon(() => assert.notEqual(second.events.length, 0));

  const call = second.tabs.call({ name: "reset" }, () => Promise.resolve("done here"));
  await hears(second, ["adopted"]);
  first.kill();
  assert.equal(await call, "done here");
});

test("a call that the tab that leads is slow to hear is done there, once", async (t) => {
  const { open } = world(t);
  const calls: TabCall[] = [];
  const first = open((call) => Promise.resolve(calls.push(call)).then(() => "done there"));
  const second = open();
  await first.lead();
  first.tell(status("ready"));
  await soon(() => assert.notEqual(second.events.length, 0));

  const resume = first.pause();
  let answered = false;
  const call = second.tabs.call({ name: "reset" }, () => Promise.resolve("done here")).finally(() => (answered = true));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(answered, false);
  resume();
  assert.equal(await call, "done there");
  assert.deepEqual(calls, [{ name: "reset" }]);
});

test("a call before any tab has said that it leads goes to the first that does", async (t) => {
  const { open, waiting } = world(t);
  const calls: TabCall[] = [];
  const first = open((call) => Promise.resolve(calls.push(call)).then(() => "done there"));
  const second = open();
  await first.lead();
  void second.lead();
  const call = second.tabs.call({ name: "reset" }, () => Promise.resolve("done here"));
  first.tell(status("checking"));
  first.tell(status("ready"));
  assert.equal(await call, "done there");
  assert.deepEqual(calls, [{ name: "reset" }]);
  assert.equal(waiting(), 1, "the call does not wait for the lead any more");
});

test("a call before any tab has said that it leads is done here as soon as this one does", async (t) => {
  const { open } = world(t);
  const [first, second] = [open(), open()];
  await first.lead();
  const led = second.lead();
  let done = 0;
  const call = second.tabs.call({ name: "reset" }, () => Promise.resolve((done += 1)));
  first.kill();
  await led;
  second.tell(status("ready"));
  assert.equal(await call, 1);
  assert.equal(done, 1);
});

test("a call whose tab ends under it is done by the one that takes over", async (t) => {
  const { open } = world(t);
  const first = open(() => {
    first.tell(ADOPTED);
    return new Promise(() => undefined);
  });
  const third = open(() => Promise.resolve("done by the next"));
  const second = open();
  await first.lead();
  const led = third.lead();
  void second.lead();
  first.tell(status("ready"));
  await soon(() => assert.notEqual(second.events.length, 0));

  const call = second.tabs.call({ name: "reset" }, () => Promise.resolve("done here"));
  await hears(second, ["adopted"]);
  first.kill();
  await led;
  third.tell(status("ready"));
  assert.equal(await call, "done by the next");
});

test("a call whose tab is closed under it is done by the one that takes over", async (t) => {
  const { open } = world(t);
  let asked = 0;
  const first = open(() => Promise.resolve((asked += 1)).then(() => Promise.reject(new ReplicaError("CLOSED", "it was closed"))));
  const [second, third] = [open(), open(() => Promise.resolve("done by the next"))];
  await first.lead();
  const led = third.lead();
  first.tell(status("ready"));
  await soon(() => assert.notEqual(second.events.length, 0));

  const call = second.tabs.call({ name: "reset" }, () => Promise.resolve("done here"));
  await new Promise((resolve) => setTimeout(resolve, 50));
  first.kill();
  await led;
  third.tell(status("ready"));
  assert.equal(await call, "done by the next");
  assert.equal(asked, 1);
});

test("a call that waits for somebody to lead is done with the tab where it was made", async (t) => {
  const { open } = world(t);
  const [first, second] = [open(), open()];
  await first.lead();
  const call = second.tabs.call({ name: "reset" }, () => Promise.reject(new ReplicaError("CLOSED", "it was closed")));
  second.tabs.close();
  await assert.rejects(call, { code: "CLOSED" });
});

test("late news of a tab that has ended hide the one that leads for no longer than it takes to see its end", async (t) => {
  const { open, channel } = world(t);
  const [first, second] = [open(), open()];
  await first.lead();
  first.tell(status("ready"));
  await soon(() => assert.notEqual(second.events.length, 0));
  channel.postMessage({ type: "news", from: "one that has ended", news: { status: "migrating", version: "1", running: undefined, event: undefined } });
  await soon(() => assert.deepEqual(second.events.map((event) => event.type === "status" && event.leader), ["ready", null, "migrating", null, "ready"]));
});

test("a call is done once, though late news of a tab that has ended come under it", async (t) => {
  const { open, channel } = world(t);
  let calls = 0;
  let done: () => void = () => undefined;
  const first = open(() => new Promise((resolve) => {
    calls += 1;
    done = () => resolve("done there");
  }));
  const second = open();
  await first.lead();
  first.tell(status("ready"));
  await soon(() => assert.notEqual(second.events.length, 0));

  const call = second.tabs.call({ name: "reset" }, () => Promise.resolve("done here"));
  await soon(() => assert.equal(calls, 1));
  channel.postMessage({ type: "news", from: "one that has ended", news: { status: "migrating", version: "1", running: undefined, event: undefined } });
  await soon(() => assert.deepEqual(second.events.map((event) => event.type === "status" && event.leader), ["ready", null, "migrating", null, "ready"]));
  done();
  await new Promise((resolve) => setTimeout(resolve, 50));
  first.kill();
  assert.equal(await call, "done there");
  assert.equal(calls, 1);
});

test("a call with no other tab that leads is done here", async (t) => {
  const { open } = world(t);
  assert.equal(await open().tabs.call({ name: "purge" }, () => Promise.resolve("done here")), "done here");
});

for (const [code, lacks] of [
  ["NO_WEB_LOCKS", { locks: undefined, Channel: BroadcastChannel }],
  ["NO_BROADCAST_CHANNEL", { locks: new Locks().of("tab"), Channel: undefined }],
] as const) {
  test(`a browser that lacks what tabs need works alone, and says ${code} once`, () => {
    const events: ReplicaEvent[] = [];
    const owner: TabOwner = { holding: "together", status: () => "ready", version: () => "1", deliver: (event) => void events.push(event), perform: () => Promise.resolve() };
    const tabs = new Tabs(NAME, owner, lacks);
    tabs.open();
    for (const event of [status("ready"), START]) assert.deepEqual(tabs.tell(event), event);
    assert.deepEqual(events.map((event) => event.type === "warning" && event.code), [code]);
    tabs.close();
  });
}

test("a tab with a copy of its own says so once it hears another, and tells nothing that happens to that one's", async (t) => {
  const { open } = world(t);
  const first = open(undefined, "apart");
  const second = open(undefined, "apart");
  first.replica.version = "2";
  for (const event of [status("migrating"), START, PROGRESS, COMPLETE, failure(false), ADOPTED, status("ready")]) first.tell(event);
  await soon(() => assert.deepEqual(second.events.at(-1), { type: "status", status: "following", leader: "ready" }));
  assert.deepEqual(second.told(), ["warning"]);
  assert.deepEqual(second.events.flatMap((event) => (event.type === "warning" ? [event.code] : [])), ["NOT_SHARED"]);
  assert.equal(second.tabs.version("1"), "1", "what its own copy has");
  assert.ok(!first.told().includes("warning"));

  first.kill();
  await soon(() => assert.deepEqual(second.events.at(-1), { type: "status", status: "following", leader: null }));
  for (const event of [status("ready"), START, COMPLETE]) second.tell(event);
  assert.deepEqual(second.told(), ["warning", "migration:start", "migration:complete"]);
});

test("a page that is alone with its database needs nothing and says nothing", () => {
  const events: ReplicaEvent[] = [];
  const owner: TabOwner = { holding: "together", status: () => "ready", version: () => "1", deliver: (event) => void events.push(event), perform: () => Promise.resolve() };
  const tabs = new Tabs(undefined, owner, { locks: undefined, Channel: undefined });
  tabs.open();
  tabs.tell(START);
  tabs.close();
  assert.deepEqual(events, []);
});
