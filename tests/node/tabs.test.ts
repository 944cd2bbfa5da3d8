/** What tabs tell each other: over real channels of Node, with locks of our own. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ReplicaError } from "../../js/errors.ts";
import { Tabs, type TabCall, type TabOwner } from "../../js/tabs.ts";
import type { ReplicaEvent } from "../../js/events.ts";

import { Locks } from "./support/locks.ts";
import { ADOPTED, COMPLETE, NAME, PROGRESS, START, failure, hears, status, world } from "./support/tabs.ts";
import { soon } from "./support/world.ts";

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
