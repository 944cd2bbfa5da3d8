/** The lead among the tabs. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Holdings } from "../../js/holdings.ts";
import { Lead } from "../../js/lead.ts";
import { lockName } from "../../js/options.ts";
import type { ReplicaOptions } from "../../js/types.ts";

type Callback = () => Promise<void>;
type Waiting = { callback: Callback; resolve: (value: unknown) => void };

/** Web Locks of one name, as far as a lead needs them. */
function locks() {
  const waiting: Waiting[] = [];
  let held = false;
  const next = async () => {
    const first = held ? undefined : waiting.shift();
    if (!first) return;
    held = true;
    await first.callback();
    held = false;
    first.resolve(undefined);
    void next();
  };
  const request = (_name: string, { signal }: { signal: AbortSignal }, callback: Callback) =>
    new Promise((resolve, reject) => {
      const one = { callback, resolve };
      waiting.push(one);
      signal.addEventListener("abort", () => {
        if (!waiting.includes(one)) return;
        waiting.splice(waiting.indexOf(one), 1);
        reject(signal.reason as Error);
      });
      void next();
    });
  return { manager: { request } as unknown as LockManager, counts: () => [held ? 1 : 0, waiting.length] };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

test("one tab leads, and the next takes over when it ends", async () => {
  const { manager, counts } = locks();
  const [first, second] = [new Lead("name", manager), new Lead("name", manager)];
  let leads = false;
  void second.granted().then(() => {
    leads = true;
  });

  await first.granted();
  await turn();
  assert.deepEqual([leads, counts()], [false, [1, 1]]);
  first.end();
  await second.granted();

  assert.deepEqual(counts(), [1, 0]);
});

test("a wait that is given up leaves the queue and is never granted", async () => {
  const { manager, counts } = locks();
  await new Lead("name", manager).granted();
  const second = new Lead("name", manager);

  second.end();

  await assert.rejects(second.granted(), { name: "AbortError" });
  assert.deepEqual(counts(), [1, 0]);
});

test("a lead that ends is given back", async () => {
  const { manager, counts } = locks();
  const lead = new Lead("name", manager);
  await lead.granted();

  lead.end();
  await turn();

  assert.deepEqual(counts(), [0, 0]);
});

test("a holder that fails gives its lead back, and its wait up", async () => {
  const { manager, counts } = locks();
  const [first, second] = [new Holdings(), new Holdings()];
  await new Lead("name", manager, first).granted();
  const wait = new Lead("name", manager, second);

  second.end();
  await assert.rejects(wait.granted(), { name: "AbortError" });
  assert.deepEqual(counts(), [1, 0]);
  first.end();
  await turn();
  assert.deepEqual(counts(), [0, 0]);
});

test("what is held is let go of once, by whoever comes first", () => {
  const holdings = new Holdings();
  let ends = 0;
  const [byItself, byThem] = [holdings.hold(() => (ends += 1)), holdings.hold(() => (ends += 1))];
  byItself();
  byItself();
  assert.equal(ends, 1);
  holdings.end();
  byThem();
  assert.equal(ends, 2);
});

test("a page alone with its database leads at once, and so does one whose browser has no locks", async () => {
  const { manager, counts } = locks();
  for (const lead of [new Lead(undefined, manager), new Lead(undefined, manager), new Lead("name", undefined)]) await lead.granted();
  assert.deepEqual(counts(), [0, 0]);
});

test("one tab leads over one database, whichever schema its app reads", () => {
  const worker = { onLeaderChange: () => () => undefined };
  const files = { dataDir: "idb://app" };
  for (const db of [worker, files]) {
    const names = ["public", "app", undefined].map((schema) => lockName({ db, ...(schema === undefined ? {} : { schema }) } as unknown as ReplicaOptions));
    assert.deepEqual([new Set(names).size, typeof names[0]], [1, "string"]);
  }
  assert.notEqual(lockName({ db: files } as unknown as ReplicaOptions), lockName({ db: { dataDir: "idb://other" } } as unknown as ReplicaOptions));
});
