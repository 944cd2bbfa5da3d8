/** The main jobs of the demo's page in WebKitGTK, of which nothing is known but what its driver can be asked. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ADOPTED, badReads, columnsOf, columnsShown, eventually, MOUNTED_AGAIN, READER_LOST, replicaOf, sameRows, shown, startReading, statusOf, takeStory, toldToTheEnd, upToDate } from "../e2e/support/demo.ts";
import { soon } from "../node/support/world.ts";
import { deployOnce, loads, press, startWorld } from "./support/world.ts";

test("a page follows its server through every migration, and its readers never see a table empty or missing", async (t) => {
  const { demo, open } = await startWorld(t, { rows: 1_500, chunkBytes: 60_000 });
  const page = await open();
  await upToDate(page, demo);
  await sameRows(page, demo);
  assert.deepEqual((await takeStory(page)).events, ["start", "complete"]);
  await startReading(page);
  const document = await page.evaluate(() => performance.timeOrigin);

  while (demo.newest.tag !== "0008_kind_currency") {
    await deployOnce(page, demo);
    await upToDate(page, demo);
    await sameRows(page, demo);
    await eventually(async () => assert.deepEqual(await columnsShown(page), await columnsOf(demo), demo.newest.tag));
    await eventually(async () => assert.equal(await page.evaluate(() => window.document.querySelector<HTMLElement>('[data-testid="banner"]')?.dataset["open"]), "false"));
    const { events, banner } = await takeStory(page);
    t.diagnostic(`${demo.newest.tag}: ${events.join(" ")} · ${banner.join(" → ")}`);
    const quiet = ADOPTED.includes(demo.newest.tag);
    assert.deepEqual(new Set(events), new Set(quiet ? [] : ["start", "complete"]), demo.newest.tag);
    assert.equal(banner.includes("Updating database schema…"), !quiet, demo.newest.tag);
  }
  assert.deepEqual(await badReads(page), []);
  assert.equal(await page.evaluate(() => performance.timeOrigin), document, "the page was never loaded again");
});

test("a page loaded again shows its rows before the server answers anything, and downloads none", async (t) => {
  const { demo, gate, open } = await startWorld(t);
  const page = await open();
  await upToDate(page, demo);
  await deployOnce(page, demo);
  await upToDate(page, demo);
  await sameRows(page, demo);
  gate.asked.length = 0;
  let answer: (verdict: "pass") => void = () => undefined;
  const answered = new Promise<"pass">((resolve) => (answer = resolve));
  gate.judge = ({ pathname }) => (pathname.startsWith("/api/electric/") ? answered : "pass");

  await page.reload();

  await eventually(async () => assert.equal(await shown(page, "row-count"), "200"), 60_000);
  await sameRows(page, demo);
  assert.equal(await shown(page, "replica-version"), demo.newest.tag);
  answer("pass");
  await upToDate(page, demo);
  await eventually(async () => assert.equal(await statusOf(page), "ready"));
  await press(page, "write");
  await eventually(async () => assert.equal(await shown(page, "row-count"), "201"));
  await sameRows(page, demo);
  assert.deepEqual(loads(gate).map(String), []);
  assert.deepEqual((await takeStory(page)).events, []);
});

test("a page whose server is gone opens with the rows it has, and catches up when it returns", async (t) => {
  const { demo, gate, open } = await startWorld(t);
  const page = await open();
  await upToDate(page, demo);
  await sameRows(page, demo);
  const before = await replicaOf(page);
  gate.judge = ({ pathname }) => (pathname.startsWith("/api/") ? "cut" : "pass");

  await page.reload();

  await eventually(async () => assert.equal(await statusOf(page), "offline"), 60_000);
  await eventually(async () => assert.equal(await shown(page, "row-count"), "200"));
  await demo.upstream.query("update users set name = name || '.'");
  await demo.deploy();
  assert.deepEqual(await replicaOf(page), before);
  assert.deepEqual((await takeStory(page)).events, []);
  gate.judge = () => "pass";
  await page.evaluate(() => void window.dispatchEvent(new Event("online")));
  await upToDate(page, demo);
  await sameRows(page, demo);
});

test("two windows over one PGliteWorker share one rebuild and one sync, and the second takes over when the first is closed", async (t) => {
  const { demo, gate, open } = await startWorld(t, { noticeMs: 200 }, [MOUNTED_AGAIN, READER_LOST]);
  const first = await open("&worker");
  await upToDate(first, demo);
  const second = await open("&worker");
  await eventually(async () => assert.equal(await shown(second, "row-count"), "200"), 60_000);
  await eventually(async () => assert.deepEqual([await statusOf(first), await statusOf(second)], ["ready", "following"]));
  for (const page of [first, second]) await takeStory(page);
  gate.asked.length = 0;

  await deployOnce(first, demo);
  for (const page of [first, second]) {
    await eventually(async () => assert.deepEqual(await columnsShown(page), await columnsOf(demo)), 60_000);
    await sameRows(page, demo);
    assert.deepEqual(await toldToTheEnd(page), ["start", "complete"]);
  }
  assert.deepEqual(new Set(loads(gate).map(({ searchParams }) => searchParams.get("table"))), new Set(["data_table_columns"]), "one rebuild, of what had changed");

  await first.close();
  await deployOnce(second, demo);
  await upToDate(second, demo);
  await sameRows(second, demo);
  assert.deepEqual((await takeStory(second)).events, ["start", "complete"]);
});

test("a window that is closed in the middle of a rebuild leaves a whole replica to the next", async (t) => {
  const { demo, gate, open, openAnother } = await startWorld(t, { rows: 1_500, chunkBytes: 60_000 });
  const page = await open();
  await upToDate(page, demo);
  await openAnother();
  gate.asked.length = 0;
  gate.judge = ({ searchParams }) => (searchParams.get("table") === "data_table_columns" && loads(gate).length > 1 ? new Promise(() => undefined) : "pass");
  await press(page, "reset");
  await soon(() => assert.ok(loads(gate).length > 1));
  await page.close();
  gate.judge = () => "pass";

  const next = await open();
  await eventually(async () => assert.equal(await shown(next, "row-count"), "1,500"), 60_000);
  await startReading(next);
  await upToDate(next, demo);
  await sameRows(next, demo);
  assert.deepEqual(await badReads(next), []);
});
