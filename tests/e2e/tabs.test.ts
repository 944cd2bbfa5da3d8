/** Tabs over one PGliteWorker: one follows the server for all, and another takes over when it ends. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { Page } from "playwright-core";

import { columnsOf, columnsShown, deployOnce, endBadly, eventually, mayTrap, MOUNTED_AGAIN, part, READER_LOST, replicaOf, sameRows, startWorld, statusOf, takeStory, toldToTheEnd, trap, upToDate, type DemoWorld } from "./support/demo.ts";

/**
 * Where a PGliteWorker keeps its database. Over IndexedDB it writes its files out after each message, which takes hundreds of
 * milliseconds here: one test has it so, because apps do. `through`: a manager that was not given the worker.
 */
const STORES = {
  indexedDb: "&worker",
  privateFiles: "&worker&db=opfs-ahp://electric-replica-tabs",
  through: "&worker=through&db=opfs-ahp://electric-replica-through",
} as const;

/** Opens so many tabs. The first leads; all of them show what it has. */
async function openTabs(count: number, { demo, open }: Pick<DemoWorld, "demo" | "open">, store: keyof typeof STORES = "privateFiles"): Promise<[Page, ...Page[]]> {
  const first = await open(STORES[store]);
  await upToDate(first, demo);
  const others: Page[] = [];
  while (others.length < count - 1) others.push(await open(STORES[store]));
  for (const page of others) await eventually(async () => assert.equal(await part(page, "row-count").textContent(), "200"), 60_000);
  for (const page of [first, ...others]) await takeStory(page);
  return [first, ...others];
}

/** Has the next migration's load of the page never end, deploys it, and waits until the others are told that it began. */
async function stallRebuild(page: Page, others: Page[]): Promise<void> {
  await page.route(/offset=-1/, () => undefined);
  await deployOnce(page);
  for (const other of others) await eventually(async () => assert.equal(await part(other, "banner").getAttribute("data-open"), "true"), 60_000);
}

/** The tables whose load was begun. Who is answered with the old structure asks anew, past all caches: that is the same load. */
const begun = (asked: readonly URL[]): (string | null)[] =>
  asked.filter(({ searchParams }) => searchParams.get("offset") === "-1" && !searchParams.has("cache-buster")).map(({ searchParams }) => searchParams.get("table"));

test("a second tab is told of the first one's migration and reads its rows, and takes over when the first is closed", async (t) => {
  const { demo, open, asked } = await startWorld(t, {}, [MOUNTED_AGAIN, READER_LOST]);
  const [first, second] = await openTabs(2, { demo, open }, "indexedDb");
  assert.ok(second);
  asked.length = 0;

  await deployOnce(first);
  assert.deepEqual(await toldToTheEnd(second), ["start", "complete"]);
  await upToDate(first, demo);
  for (const page of [first, second]) {
    await sameRows(page, demo);
    await eventually(async () => assert.deepEqual(await columnsShown(page), await columnsOf(demo)), 60_000);
  }
  assert.deepEqual(begun(asked), ["data_table_columns"], "one rebuild, of what had changed");

  await part(second, "reset").click();
  await toldToTheEnd(second);
  assert.deepEqual((await takeStory(first)).events.slice(-2), ["start", "complete"], "the tab that leads did what the other was asked");

  await first.close();
  await deployOnce(second);
  await upToDate(second, demo);
  assert.deepEqual(await takeStory(second).then(({ events }) => events), ["start", "complete"]);
  await sameRows(second, demo);
  await part(second, "write").click();
  await sameRows(second, demo);
});

test("five tabs share one rebuild and one sync, and end the same, also where the one that leads ends in the middle", async (t) => {
  const { demo, open, browser, asked } = await startWorld(t, {}, [MOUNTED_AGAIN, READER_LOST, /ERR_FAILED/]);
  const tabs = await openTabs(5, { demo, open });
  const [first, ...others] = tabs;
  asked.length = 0;
  const askers = new Set<Page>();
  browser.context.on("request", (request) => {
    if (request.url().includes("/shape?")) askers.add(request.frame().page());
  });

  await deployOnce(first);
  for (const page of tabs) assert.deepEqual(await toldToTheEnd(page), ["start", "complete"]);
  await part(first, "write").click();
  for (const page of tabs) await sameRows(page, demo);
  assert.deepEqual(begun(asked), ["data_table_columns"], "one rebuild, of what had changed");
  assert.deepEqual([...askers], [first], "one tab asks Electric");

  askers.clear();
  await stallRebuild(first, others);
  await endBadly(first);
  for (const page of others) assert.deepEqual(await toldToTheEnd(page), ["start", "error", "start", "complete"]);
  await eventually(async () => {
    const states = await Promise.all(others.map(statusOf));
    assert.deepEqual(states.sort(), ["following", "following", "following", "ready"]);
  });
  askers.delete(first); // until its end it went on asking for the tables that stayed
  assert.equal(askers.size, 1, "one tab asks Electric");
  for (const page of others) await sameRows(page, demo);
  const [second, ...rest] = await Promise.all(others.map(replicaOf));
  for (const replica of rest) assert.deepEqual(replica, second);
});

test("a tab whose module traps in the middle of a rebuild says so, and another one ends it", async (t) => {
  const world = await startWorld(t, {}, [MOUNTED_AGAIN, /ERR_FAILED/]);
  await mayTrap(world.browser);
  const [first, second] = await openTabs(2, world);
  assert.ok(second);
  await stallRebuild(first, [second]);

  assert.match((await trap(first)) ?? "", /RuntimeError/);
  assert.deepEqual((await takeStory(first)).events, ["start", "error"]);
  await eventually(async () => assert.equal(await part(first, "replica-state").getAttribute("data-state"), "error"));
  assert.deepEqual(await toldToTheEnd(second), ["start", "error", "start", "complete"]);
  await upToDate(second, world.demo);
  await sameRows(second, world.demo);
  await part(second, "write").click();
  await sameRows(second, world.demo);
});

test("a second tab is told once of a rebuild that the first does not live to end, and ends it itself", async (t) => {
  const { demo, open } = await startWorld(t, {}, [MOUNTED_AGAIN, READER_LOST, /ERR_FAILED/]);
  const [first, second] = await openTabs(2, { demo, open }, "through");
  assert.ok(second);
  await stallRebuild(first, [second]);

  await first.close();

  assert.deepEqual(await toldToTheEnd(second), ["start", "error", "start", "complete"]);
  await upToDate(second, demo);
  await sameRows(second, demo);
});

/** Counts, inside the page, the loads of rows that a PGliteWorker passes on. */
function countLoads() {
  const page = window as { loads?: number };
  page.loads = 0;
  const { prototype } = BroadcastChannel;
  const post = Reflect.get(prototype, "postMessage") as (message: unknown) => void;
  prototype.postMessage = function (message: unknown) {
    const [text] = (Object(message) as { args?: unknown[] }).args ?? [];
    if (text instanceof Uint8Array && new TextDecoder().decode(text).includes("COPY ")) page.loads = (page.loads ?? 0) + 1;
    post.call(this, message);
  };
}

test("rows go to a page's own worker and through no channel, where the manager was given the worker", async (t) => {
  const { demo, open, browser } = await startWorld(t, {}, [MOUNTED_AGAIN]);
  await browser.context.addInitScript(countLoads);
  for (const [store, passesOn] of [["privateFiles", false], ["through", true]] as const) {
    const page = await open(STORES[store]);
    await upToDate(page, demo);
    await sameRows(page, demo);
    const loads = await page.evaluate(() => (window as { loads?: number }).loads ?? 0);
    assert.equal(loads > 0, passesOn, store);
    await page.close();
  }
});
