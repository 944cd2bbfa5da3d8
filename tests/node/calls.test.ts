/** Calls that only the tab which leads can carry out, made in any. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ReplicaError } from "../../js/errors.ts";
import type { TabCall } from "../../js/tabs.ts";

import { ADOPTED, START, hears, status, world } from "./support/tabs.ts";
import { soon } from "./support/world.ts";

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
