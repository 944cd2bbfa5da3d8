/** The main job in a real browser: a page whose replica follows its server through every migration of a drizzle folder. */
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  ADOPTED,
  badReads,
  columnsOf,
  columnsShown,
  deployOnce,
  eventually,
  part,
  sameRows,
  startReading,
  startWorld,
  takeStory,
  upToDate,
} from "./support/demo.ts";

test("a page follows its server through every migration, and its readers never see a table empty or missing", async (t) => {
  const { demo, open } = await startWorld(t, { rows: 1_500, chunkBytes: 60_000 });
  const page = await open();
  await upToDate(page, demo);
  await sameRows(page, demo);
  assert.deepEqual(await takeStory(page).then(({ events }) => events), ["start", "complete"]);
  await eventually(async () => assert.deepEqual(await columnsShown(page), await columnsOf(demo)));
  await startReading(page);
  const documents = await page.evaluate(() => performance.timeOrigin);

  while (await part(page, "deploy").isEnabled()) {
    await deployOnce(page);
    await upToDate(page, demo);
    await sameRows(page, demo);
    await eventually(async () => assert.deepEqual(await columnsShown(page), await columnsOf(demo), demo.newest.tag));
    await eventually(async () => assert.equal(await part(page, "banner").getAttribute("data-open"), "false"));

    const { events, banner } = await takeStory(page);
    t.diagnostic(`${demo.newest.tag}: ${events.join(" ")} · ${banner.join(" → ")}`);
    if (ADOPTED.includes(demo.newest.tag)) {
      assert.deepEqual([events, banner], [[], []], demo.newest.tag);
    } else {
      assert.deepEqual(new Set(events), new Set(["start", "complete"]), demo.newest.tag);
      assert.ok(banner.includes("Updating database schema…"), `${demo.newest.tag}: ${banner.join(" → ")}`);
      assert.equal(banner.at(-1), "gone");
    }
  }

  assert.equal(demo.newest.tag, "0008_kind_currency");
  assert.deepEqual(await badReads(page), []);
  assert.equal(await page.evaluate(() => performance.timeOrigin), documents, "the page was never loaded again");
  assert.equal(await page.evaluate(() => localStorage.getItem("electric_migration_version")), "0008_kind_currency");
});

test("a row written on the server appears in the page", async (t) => {
  const { demo, open } = await startWorld(t);
  const page = await open();
  await upToDate(page, demo);

  await part(page, "write").click();

  const [newest] = await eventually(async () => {
    const rows = await demo.upstream.query<{ id: string }>("select max(id)::text as id from data_table_columns");
    assert.equal(await part(page, "row-count").textContent(), "201");
    return rows;
  });
  await eventually(async () => assert.equal(await part(page, "rows").locator("tbody tr td").first().textContent(), newest?.id));
  await sameRows(page, demo);
});

test("offline keeps the rows in sight, and online catches up", async (t) => {
  const { demo, open } = await startWorld(t);
  const page = await open();
  await upToDate(page, demo);
  await eventually(async () => assert.equal(await part(page, "row-count").textContent(), "200"));

  await part(page, "offline").click();
  await eventually(async () => assert.equal(await part(page, "replica-state").textContent(), "offline"));
  await demo.upstream.query("delete from data_table_columns where id < 20");
  await deployOnce(page);
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));
  assert.equal(await part(page, "row-count").textContent(), "200");
  assert.equal(await part(page, "replica-state").textContent(), "offline");

  await part(page, "offline").click();
  await upToDate(page, demo);
  await sameRows(page, demo);
});

test("reset loads every row again", async (t) => {
  const { demo, open, asked } = await startWorld(t);
  const page = await open();
  await upToDate(page, demo);
  await startReading(page);
  await takeStory(page);
  asked.length = 0;

  await part(page, "reset").click();

  await eventually(async () => assert.deepEqual((await takeStory(page)).events.slice(-1), ["complete"]));
  assert.ok(asked.some((url) => url.searchParams.get("offset") === "-1"));
  await sameRows(page, demo);
  assert.deepEqual(await badReads(page), []);
});

test("a page loaded again after a migration downloads no row and is usable at once", async (t) => {
  const { demo, open, asked } = await startWorld(t);
  const page = await open();
  await upToDate(page, demo);
  await deployOnce(page);
  await upToDate(page, demo);
  await sameRows(page, demo);
  asked.length = 0;

  await page.reload();

  await upToDate(page, demo);
  await eventually(async () => assert.equal(await part(page, "row-count").textContent(), "200"));
  while (!asked.some((url) => url.searchParams.get("live") === "true")) await page.waitForRequest(/live=true/);
  assert.deepEqual(asked.filter((url) => url.searchParams.get("offset") === "-1").map(String), []);
  assert.deepEqual((await takeStory(page)).events, []);
  await part(page, "write").click();
  await eventually(async () => assert.equal(await part(page, "row-count").textContent(), "201"));
  await sameRows(page, demo);
  const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => /(\w+)_bg[^/]*\.wasm/.exec(name)?.[1]));
  assert.deepEqual(loaded.filter(Boolean), ["client"], "what only a rebuild needs is not loaded");
});

test("a page whose server is gone opens with the rows it has", async (t) => {
  const { demo, open, browser } = await startWorld(t, {}, [/ERR_FAILED/, /ERR_INTERNET_DISCONNECTED/]);
  const page = await open();
  await upToDate(page, demo);
  await browser.context.route("**/api/**", (route) => route.abort());

  await page.reload();

  await eventually(async () => assert.equal(await part(page, "row-count").textContent(), "200"));
  await eventually(async () => assert.equal(await part(page, "replica-version").textContent(), demo.newest.tag));
});

for (const [what, forget] of [
  ["localStorage", "localStorage.clear()"],
  ["the database", "indexedDB.databases().then((all) => Promise.all(all.map(({ name }) => new Promise((resolve, reject) => Object.assign(indexedDB.deleteDatabase(name), { onsuccess: resolve, onerror: reject })))))"],
] as const) {
  test(`a page that lost ${what} alone ends with the server's rows`, async (t) => {
    const { demo, browser, open } = await startWorld(t, {}, [/favicon/]);
    const page = await open();
    await upToDate(page, demo);
    await page.close();
    const outside = await browser.open(`${demo.url}/api/state`);
    await outside.evaluate(forget);

    const again = await open();

    await upToDate(again, demo);
    await sameRows(again, demo);
    assert.equal(await again.evaluate(() => localStorage.getItem("electric_migration_version")), demo.newest.tag);
  });
}
